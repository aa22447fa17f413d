"""Embedded databases that need no bootstrap of their own: copies of one, made once per process of tests.

They share a lineage: a test about lineages bootstraps for itself.
"""

from __future__ import annotations

import contextlib
import functools
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from pathlib import Path

from gwctl.store import DatabaseConfig
from tests.tools.stores import bootstrap


@functools.cache
def _original() -> Path:
    path = Path(tempfile.mkdtemp(prefix="gwctl-test-database-")) / "gwctl.db"
    bootstrap(DatabaseConfig(path=path))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        # what still stands in the log beside the file would not be copied
        assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    return path


def prepare(prefix: Path) -> None:
    """What ``gwctl migrations bootstrap`` leaves in the prefix of a node with an embedded database."""
    prefix.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(_original(), prefix / "gwctl.db")
    (prefix / "gwctl.db").chmod(0o600)


def takes_a_copy(environ: Mapping[str, str]) -> bool:
    """Whether a node with this environment keeps its database where ``prepare`` puts one."""
    return not any(name.partition("_")[2].startswith(("DATABASE", "PG_")) for name in environ)
