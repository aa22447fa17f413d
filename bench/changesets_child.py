"""One change process of ``bench.changesets``: the same code without an api process around it."""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

from gwctl.changes import ApplyOrder
from gwctl.changes.lines import Lines
from gwctl.changes.session import serve
from gwctl.kit.clock import SystemClock
from gwctl.node.catalog import catalog_for
from gwctl.settings import Settings
from gwctl.store import DatabaseConfig, Store


def main(path: str) -> None:
    given = json.loads(os.environ["BENCH_DATABASE"])
    config = DatabaseConfig(**{**given, "path": Path(given["path"]) if given["path"] else None})
    settings = Settings.load(role="control_plane", environ={"GWCTL_PREFIX": str(Path(path).parent)})
    store = Store.open(config, catalog_for(settings), SystemClock(), pool_size=1)
    order = ApplyOrder(name=path, tell_changes=False)
    sys.stdout.flush()
    serve(order, store, Path(path).read_bytes, Lines(1), SystemClock())
    store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"peak_mib": peak}))


if __name__ == "__main__":
    main(sys.argv[1])
