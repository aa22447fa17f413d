"""The queue in which a process's writers wait for SQLite's single write lock."""

from __future__ import annotations

import threading
from collections import deque


class WriterQueue:
    """A lock that is handed over in the order of arrival.

    SQLite's own busy handler polls with growing pauses, so a late writer often overtakes an early one, which may
    starve; here a process sends one writer at a time to the database.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._held = False
        self._waiting: deque[threading.Event] = deque()

    def acquire(self, timeout: float) -> bool:
        """Wait for the turn of this thread, at most ``timeout`` seconds; False when it did not come."""
        with self._mutex:
            if not self._held:
                self._held = True
                return True
            turn = threading.Event()
            self._waiting.append(turn)
        if turn.wait(timeout):
            return True
        with self._mutex:
            if turn.is_set():
                return True
            self._waiting.remove(turn)
            return False

    def release(self) -> None:
        """End the turn and give it to whoever waits longest."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._held = False
