"""Locks between processes that free themselves when their owner dies: byte ranges of the shared memory's descriptor.

The kernel knows the owner of each range, so a killed process leaves no lock behind. It may leave something half done:
a word beside each lock says that somebody is writing, and the next owner who still finds it set knows.

Locks belong to processes, not to threads: only one thread of a process may write.
"""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Iterator

from gwctl.engine.shared.memory import STRIPES, UNFINISHED, SharedMemory

_FIRST_BYTE = 1 << 40
"""Far beyond the memory: locks need no bytes to be there."""
_TRIES = 40
_PAUSE_SECONDS = 0.00005


class Busy(Exception):
    """Another process kept the lock for milliseconds: it was stopped while it wrote."""


class Stripes:
    """``abandoned`` counts the times that an owner was found to have died while it wrote."""

    def __init__(self, memory: SharedMemory) -> None:
        self._descriptor = memory.descriptor
        self._words = memory.words
        self.abandoned = 0

    @contextlib.contextmanager
    def hold(self, stripe: int, *, tries: int = _TRIES) -> Iterator[bool]:
        """Be the only writer of ``stripe``; the value says whether the owner before died while it wrote.

        Waits some milliseconds at most, because who asks may be an event loop. Raises Busy.
        """
        self._take(stripe, tries)
        mark = UNFINISHED + stripe
        try:
            broken = self._words[mark] != 0
            self.abandoned += broken
            self._words[mark] = 1
            yield broken
            self._words[mark] = 0
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, _FIRST_BYTE + stripe)

    def unfinished(self) -> list[int]:
        """The stripes that somebody writes, or whose last writer died."""
        return [stripe for stripe in range(STRIPES + 1) if self._words[UNFINISHED + stripe]]

    def _take(self, stripe: int, tries: int) -> None:
        for attempt in range(tries):
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _FIRST_BYTE + stripe)
                return
            except (BlockingIOError, PermissionError):
                time.sleep(_PAUSE_SECONDS * min(attempt, 4))
        raise Busy(f"lock {stripe} of the shared memory is held by a process that does not go on")
