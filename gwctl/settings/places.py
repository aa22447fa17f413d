"""Where a node keeps its things when nobody says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

DATABASE_FILE = "gwctl.db"
SYSTEM_HOME = Path("/var/lib/gwctl")


def home_directory(environ: Mapping[str, str], *, uid: int, cwd: Path) -> Path:
    """``$GWCTL_HOME``, else ``/var/lib/gwctl`` for root, else ``gwctl`` in the user's directory of states."""
    if chosen := environ.get("GWCTL_HOME"):
        return absolute(chosen, cwd)
    if uid == 0:
        return SYSTEM_HOME
    if states := environ.get("XDG_STATE_HOME"):
        return absolute(states, cwd) / "gwctl"
    user_home = environ.get("HOME")
    return (absolute(user_home, cwd) if user_home else Path.home()) / ".local" / "state" / "gwctl"


def absolute(text: str, base: Path) -> Path:
    """``text`` as a path seen from ``base``, without ``.`` and ``..``; links are not followed."""
    return Path(os.path.normpath(base / text))


def database_file(chosen: str | None, prefix: str | None, home: Path, cwd: Path) -> Path:
    """The embedded database: where it was put, else in a prefix that was chosen, else at home."""
    if chosen:
        return absolute(chosen, cwd)
    return (absolute(prefix, cwd) if prefix else home) / DATABASE_FILE
