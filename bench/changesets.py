"""``python -m bench.changesets``: a document of many records into an empty database, again, and with one change.

Growth says how the time of a sync grows when the document grows tenfold (1 is linear). ``--store postgres`` starts a
server of its own. Each figure is a whole change process: start, decode, plan, write.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gwctl.settings import Settings
from gwctl.store import DatabaseConfig, MigrationRunner

RECORDS = 100_000
SMOKE_RECORDS = 200


def document(records: int, minute: int = 5) -> dict[str, Any]:
    """Two fifths routes; a fifth each of services, plugins and consumers; ``minute`` is the one value that changes."""
    fifth = max(1, records // 5)
    plugins = [
        {"name": "rate-limiting", "service": f"s{number}", "config": {"minute": minute if number == 0 else 5}}
        for number in range(fifth)
    ]
    return {
        "_format_version": "3.0",
        "services": [{"name": f"s{number}", "host": f"h{number}.example.com"} for number in range(fifth)],
        "routes": [
            {"name": f"r{number}", "paths": [f"/r{number}"], "service": f"s{number % fifth}"}
            for number in range(2 * fifth)
        ],
        "plugins": plugins,
        "consumers": [{"username": f"c{number}"} for number in range(fifth)],
    }


@contextlib.contextmanager
def _database(kind: str, folder: Path) -> Iterator[dict[str, str]]:
    """The environment of a node with an empty, bootstrapped database."""
    if kind == "sqlite":
        yield {"GWCTL_DATABASE": "sqlite", "GWCTL_DATABASE_PATH": str(folder / "gwctl.db")}
        return
    from tests.tools.postgres import running_postgres

    with running_postgres(durable=True) as server:
        yield server.create_database("bench").environ()


def _applied(settings: Settings, text: bytes, folder: Path) -> dict[str, float]:
    """Seconds, those of them on a CPU, and peak MiB of one change process."""
    path = folder / "document.json"
    path.write_bytes(text)
    command = [sys.executable, "-m", "bench.changesets_child", str(path)]
    spent, began = _cpu_of_children(), time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env={**os.environ, **_environ(settings)})
    seconds = {"seconds": round(time.perf_counter() - began, 2), "cpu": round(_cpu_of_children() - spent, 2)}
    return {**seconds, **json.loads(done.stdout.splitlines()[-1])}


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _environ(settings: Settings) -> dict[str, str]:
    return {"BENCH_DATABASE": json.dumps(_plain(DatabaseConfig.from_settings(settings)))}


def _plain(config: DatabaseConfig) -> dict[str, Any]:
    fields = ("kind", "host", "port", "user", "password", "name")
    return {**{name: getattr(config, name) for name in fields}, "path": str(config.path or "")}


def measured(kind: str, records: int) -> dict[str, Any]:
    """Three syncs: into nothing, of the same, of the same with one change."""
    with tempfile.TemporaryDirectory() as name, _database(kind, Path(name)) as environ:
        folder = Path(name)
        settings = Settings.load(role="control_plane", environ={"GWCTL_PREFIX": name, **environ})
        for _ in MigrationRunner(DatabaseConfig.from_settings(settings)).bootstrap():
            pass
        texts = {
            "first": json.dumps(document(records)).encode(),
            "same": json.dumps(document(records)).encode(),
            "one_change": json.dumps(document(records, minute=6)).encode(),
        }
        return {case: _applied(settings, text, folder) for case, text in texts.items()}


def grown(kind: str, records: int) -> dict[str, Any]:
    """A document, one of a tenth of its size, and how the time grows from that to it."""
    small, large = measured(kind, records // 10), measured(kind, records)
    growth = large["first"]["seconds"] / small["first"]["seconds"] / 10
    return {"records": records, "growth": round(growth, 2), "small": small, "large": large}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.changesets", description=__doc__)
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--smoke", action="store_true", help="a small document, to see that the harness works")
    options = parser.parse_args()
    print(json.dumps(grown(options.store, SMOKE_RECORDS if options.smoke else options.records), indent=2))


if __name__ == "__main__":
    main()
