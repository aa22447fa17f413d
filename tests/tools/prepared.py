"""Embedded databases that need no bootstrap of their own: copies of one, made once per process of tests.

They share a lineage: a test about lineages bootstraps for itself.
"""

from __future__ import annotations

import functools
import shutil
import tempfile
from pathlib import Path

from gwctl.store import DatabaseConfig
from tests.tools.stores import bootstrap


@functools.cache
def _original() -> Path:
    path = Path(tempfile.mkdtemp(prefix="gwctl-test-database-")) / "gwctl.db"
    bootstrap(DatabaseConfig(path=path))
    return path


def prepare(prefix: Path) -> None:
    """What ``gwctl migrations bootstrap`` leaves in the prefix of a node with an embedded database."""
    prefix.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(_original(), prefix / "gwctl.db")
    (prefix / "gwctl.db").chmod(0o600)
