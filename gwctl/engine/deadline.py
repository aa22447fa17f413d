"""A timer that is cheap to move: nothing is cancelled or created while it is pushed ahead."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable


def _nothing() -> None:
    pass


class Deadline:
    """Calls ``expired`` once the time last given to ``set`` has come, unless ``clear`` came first."""

    __slots__ = ("_at", "_expired", "_handle", "_loop", "_when")

    def __init__(self, loop: asyncio.AbstractEventLoop, expired: Callable[[], None]) -> None:
        self._loop = loop
        self._expired = expired
        self._at = math.inf
        self._when = math.inf
        self._handle: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Expire ``seconds`` from now, whatever was set before."""
        self._at = at = self._loop.time() + seconds
        if at < self._when:
            self._arm(at)

    def clear(self) -> None:
        self._at = math.inf

    def close(self) -> None:
        """Drop the timer for good, so that nothing keeps its owner alive."""
        self._at = self._when = math.inf
        self._expired = _nothing
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _arm(self, at: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._when = at
        self._handle = self._loop.call_at(at, self._fire)

    def _fire(self) -> None:
        self._handle = None
        self._when = math.inf
        if self._loop.time() + 0.001 >= self._at:
            self._at = math.inf
            self._expired()
        elif self._at < math.inf:
            self._arm(self._at)
