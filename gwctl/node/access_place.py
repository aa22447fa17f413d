"""Where a node's access logs go: to their files, and in the foreground to stdout (hybrid.md 3.2)."""

from __future__ import annotations

import os
from pathlib import Path

from gwctl.node.plan import Assignment
from gwctl.node.prefix import PrefixDirectory

_STDOUT = Path("/dev/stdout")


def access_log_place(assignment: Assignment, setting: str) -> Path | None:
    """The file of an access log setting; None when it is off.

    A node in the foreground shows what would go to the usual files of its prefix on stdout, if that can be opened
    (a socket cannot).
    """
    path = assignment.settings.path(setting)
    prefix = PrefixDirectory(assignment.settings.prefix)
    foreground = assignment.error_log is None
    if foreground and path in (prefix.access_log, prefix.admin_access_log) and _can_open(_STDOUT):
        return _STDOUT
    return path


def _can_open(path: Path) -> bool:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC))
    except OSError:
        return False
    return True
