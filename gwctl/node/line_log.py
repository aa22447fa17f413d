"""A log file of single lines, for APIs with few requests."""

from __future__ import annotations

import logging
import os
from pathlib import Path

_log = logging.getLogger("gwctl.node")


class LineLog:
    """Appends lines to ``path``, each with one write, so that processes may share it. Raises OSError when made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = self._open()

    def write(self, line: str) -> None:
        """A line that cannot be written is lost, not the request."""
        try:
            os.write(self._file, f"{line}\n".encode(errors="backslashreplace"))
        except OSError as error:
            _log.error("cannot write %s: %s", self._path, error.strerror)

    def reopen(self) -> None:
        """Open the file again under its name (log rotation)."""
        fresh = self._open()
        os.close(self._file)
        self._file = fresh

    def close(self) -> None:
        os.close(self._file)

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
