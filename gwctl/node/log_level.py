"""The log level of a node: the configured one, and another for a while (admin-api.md 2.6)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class NodeLogLevel:
    """``tell`` is called with each new level, for all processes of the node.

    A level that was set for a while keeps its time over a reload.
    """

    def __init__(self, configured: str, tell: Callable[[str], None]) -> None:
        self._configured = configured
        self._tell = tell
        self._timer: asyncio.TimerHandle | None = None
        self.current = configured

    @property
    def changed(self) -> bool:
        """Whether a new process has another level than it should."""
        return self.current != self._configured

    def configure(self, level: str) -> None:
        """A reload brought this level."""
        self._configured = level
        if self._timer is None:
            self._change(level)

    def set(self, level: str, seconds: float) -> None:
        """Log from ``level`` on; after ``seconds`` the configured level is back."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._elapsed)
        self._change(level)

    def _elapsed(self) -> None:
        self._timer = None
        self._change(self._configured)

    def _change(self, level: str) -> None:
        self.current = level
        self._tell(level)
