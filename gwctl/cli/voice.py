"""What a command says besides its data: lines on stdout, notices on stderr, more of both with ``--v`` and ``--vv``."""

from __future__ import annotations

import logging
import platform
import sys
from typing import TYPE_CHECKING, TextIO

from gwctl import KONG_VERSION, __version__
from gwctl.cli.options import Verbosity
from gwctl.cli.output import harmless_lines
from gwctl.observe.logs import NOTICE

if TYPE_CHECKING:
    from gwctl.settings import Settings


class Voice:
    """Speaks for one command. Detail (``--v``, ``--vv``) goes to ``detail``: stdout for the commands that scripts
    written for the reference read, stderr for those whose stdout is data."""

    def __init__(self, verbosity: Verbosity, *, detail: TextIO | None = None) -> None:
        self.verbosity = verbosity
        self._detail = detail

    def say(self, text: str) -> None:
        print(text, flush=True)

    def warn(self, text: str) -> None:
        print(f"[warn] {harmless_lines(text)}", file=sys.stderr, flush=True)

    def verbose(self, text: str) -> None:
        self._tell(Verbosity.VERBOSE, "verbose", text)

    def debug(self, text: str) -> None:
        self._tell(Verbosity.DEBUG, "debug", text)

    def _tell(self, level: Verbosity, name: str, text: str) -> None:
        if self.verbosity >= level:
            print(f"[{name}] {text}", file=self._detail or sys.stdout, flush=True)

    def versions(self) -> None:
        self.verbose(f"gwctl: {__version__}")
        self.debug(f"Kong: {KONG_VERSION}")
        self.debug(f"Python: {platform.python_version()}")

    def settings(self, settings: Settings, *, unknown: bool = True) -> None:
        """Notices (those of unknown settings if asked for); with ``--vv`` also which variables were taken and every
        parameter, sorted, secrets masked."""
        for notice in settings.notices:
            if notice.unknown and not unknown:
                continue
            if notice.level == "debug":
                self.debug(notice.text)
            else:
                print(f"[{notice.level}] {notice.text}", file=sys.stderr, flush=True)
        for name, value in settings.masked().items():
            self.debug(f"{name} = {quoted(value)}")

    def logs(self) -> None:
        """Send what the packages log to the same place: warnings always, more with ``--v`` and ``--vv``."""
        level = {Verbosity.NORMAL: logging.WARNING, Verbosity.VERBOSE: logging.INFO, Verbosity.DEBUG: logging.DEBUG}
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_ShortFormatter())
        logger = logging.getLogger("gwctl")
        logger.handlers[:] = [handler]
        logger.setLevel(level[self.verbosity])
        logger.propagate = False


class _ShortFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"[{_LOG_NAMES.get(record.levelno, record.levelname.lower())}] {record.getMessage()}"


_LOG_NAMES = {
    logging.DEBUG: "debug",
    logging.INFO: "verbose",
    NOTICE: "notice",
    logging.WARNING: "warn",
    logging.ERROR: "error",
}


def text_of(value: object) -> str:
    """A value the way the settings file writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (list, tuple)):
        return ", ".join(text_of(item) for item in value)
    return str(value)


def quoted(value: object) -> str:
    """A value as the debug lines show it: text in quotes, lists in braces, numbers and flags bare."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, (list, tuple)):
        return "{" + ", ".join(quoted(item) for item in value) + "}"
    return text_of(value) or "nil"
