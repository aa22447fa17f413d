"""Where a node's logs go: to their files, and in the foreground access logs to stdout (hybrid.md 3.2)."""

from __future__ import annotations

import os
from pathlib import Path

from gwctl.kit.errors import GwctlError
from gwctl.node.plan import Assignment
from gwctl.node.prefix import PrefixDirectory
from gwctl.settings import Settings

_STDOUT = Path("/dev/stdout")
_LOGS = ("proxy_error_log", "proxy_access_log", "admin_access_log")


def require_logs(settings: Settings) -> None:
    """Raises GwctlError when one of the files cannot be written, before any process of the node finds out."""
    for name in _LOGS:
        path = settings.path(name)
        if path is None or path.parent == _STDOUT.parent:
            continue
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640))
        except OSError as error:
            raise GwctlError(
                f"{name}: cannot write {path}: {error.strerror}", hint=f"choose another file with GWCTL_{name.upper()}"
            ) from error


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
