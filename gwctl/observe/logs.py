"""Error log of a node: one line per record, the reference's level names, one file or stderr for all processes.

Lines go out with one ``write`` on a descriptor opened for appending, so the processes of a node share a file
without mixing lines.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TextIO

NOTICE = 25

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "notice": NOTICE,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "crit": logging.CRITICAL,
    "alert": logging.CRITICAL + 5,
    "emerg": logging.CRITICAL + 10,
}
_NAMES = {number: name for name, number in LEVELS.items()}


class LineFormatter(logging.Formatter):
    """``2026/01/31 12:00:00 [notice] 4711#agent: text``: time, level, pid, process and message, tracebacks below."""

    def __init__(self, process: str) -> None:
        super().__init__(datefmt="%Y/%m/%d %H:%M:%S")
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        level = _NAMES.get(record.levelno, record.levelname.lower())
        text = record.getMessage().replace("\r", "\\r").replace("\n", "\\n")
        line = f"{self.formatTime(record, self.datefmt)} [{level}] {os.getpid()}#{self._process}: {text}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class AppendingHandler(logging.StreamHandler[TextIO]):
    """Appends to a file, and opens it again on ``reopen`` so that log rotation works."""

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__(self._open())

    def _open(self) -> TextIO:
        return open(self._path, "a", encoding="utf-8", errors="backslashreplace", buffering=1)

    def reopen(self) -> None:
        fresh = self._open()
        self.acquire()
        try:
            old, self.stream = self.stream, fresh
        finally:
            self.release()
        old.close()

    def close(self) -> None:
        super().close()
        self.stream.close()


def configure(level: str, target: Path | None, process: str) -> None:
    """Send the ``gwctl`` loggers of this process to ``target`` (stderr when None) from ``level`` upwards.

    May be called again, for instance in a forked child with its own ``process`` name.
    """
    logging.addLevelName(NOTICE, "NOTICE")
    root = logging.getLogger("gwctl")
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    handler: logging.Handler = logging.StreamHandler(sys.stderr) if target is None else AppendingHandler(target)
    handler.setFormatter(LineFormatter(process))
    root.addHandler(handler)
    root.propagate = False
    set_level(level)


def set_level(level: str) -> None:
    logging.getLogger("gwctl").setLevel(LEVELS[level])


def level() -> str:
    """The name of the level from which this process logs."""
    number = logging.getLogger("gwctl").level
    return _NAMES.get(number, "notice")


def reopen() -> None:
    """Open the log file again under its name (SIGUSR1, log rotation)."""
    for handler in logging.getLogger("gwctl").handlers:
        if isinstance(handler, AppendingHandler):
            handler.reopen()
