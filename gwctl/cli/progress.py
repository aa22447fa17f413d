"""How far a long job is, on stderr: a bar on a terminal, else a line each five seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

_SECONDS_BETWEEN_LINES = 5.0


class Report(Protocol):
    """Takes ``what`` is done now, and how much of it; ``total`` 0 when that is not known."""

    def __call__(self, what: str, done: int = 0, total: int = 0) -> None: ...


def progress(stream: TextIO | None = None, now: Callable[[], float] = time.monotonic) -> AbstractContextManager[Report]:
    """A report of one job; what it showed on a terminal is gone at the end. ``now`` is in seconds."""
    out = sys.stderr if stream is None else stream
    return _bar() if out.isatty() else _lines(out, now)


@contextmanager
def _lines(stream: TextIO, now: Callable[[], float]) -> Iterator[Report]:
    last = now()

    def report(what: str, done: int = 0, total: int = 0) -> None:
        nonlocal last
        if now() - last >= _SECONDS_BETWEEN_LINES:
            last = now()
            print(f"{what}: {done} of {total}" if total else what, file=stream, flush=True)

    yield report


@contextmanager
def _bar() -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task("", total=None)

        def report(what: str, done: int = 0, total: int = 0) -> None:
            bars.update(bar, description=what, completed=done, total=total or None)

        yield report
