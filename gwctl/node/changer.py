"""A change process: made by the api process for one large document, ends with its answer (`gwctl.changes.process`)."""

from __future__ import annotations

import faulthandler
import os
import pickle
import sys

from gwctl.changes.lines import Lines
from gwctl.changes.process import NICENESS
from gwctl.changes.session import serve
from gwctl.kit.clock import SystemClock
from gwctl.node.catalog import catalog_for
from gwctl.node.linux import set_process_name
from gwctl.observe import logs
from gwctl.store import DatabaseConfig, Store


def main(arguments: list[str]) -> int:
    """``python -m gwctl.node.changer DOCUMENT`` (`gwctl.changes.process`). Returns the exit code."""
    faulthandler.enable()
    set_process_name("gwctl changes")
    os.nice(NICENESS)
    settings, order = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by our parent
    logs.configure(settings.text("log_level") or "notice", None, "changes")
    clock = SystemClock()
    store = Store.open(DatabaseConfig.from_settings(settings), catalog_for(settings), clock, pool_size=1)

    def read_document() -> bytes:
        with open(int(arguments[0]), "rb") as document:
            return document.read()

    try:
        serve(order, store, read_document, Lines(sys.stdout.fileno()), clock)
    except BrokenPipeError:
        return 1  # nobody waits for the answer any more
    finally:
        store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
