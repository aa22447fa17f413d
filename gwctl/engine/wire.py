"""What both ends of a proxy share: an asyncio protocol that can be awaited, with bounds on what it buffers."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import cast

from gwctl.engine.deadline import Deadline

HIGH_WATER = 256 * 1024
LOW_WATER = 64 * 1024
_TURNS = 4


class Wire(asyncio.Protocol, ABC):
    """One connection. Bytes received go to ``received``; ``more`` waits for them, ``drain`` for the peer to take ours.

    Reading pauses while ``backlog`` exceeds HIGH_WATER bytes. One task may wait in ``more`` and one in ``drain``; who
    comes while a cancelled one still leaves takes its place.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.transport: asyncio.Transport | None = None
        self.lost = False
        self._reading_paused = False
        self._writing_paused = False
        self._turns = 0
        self._more: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._more_deadline = Deadline(loop, self._more_expired)
        self._drain_deadline = Deadline(loop, self._drain_expired)

    @abstractmethod
    def received(self, data: bytes) -> None:
        """Take over bytes of the peer."""

    @abstractmethod
    def backlog(self) -> int:
        """Bytes received that nobody has consumed."""

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.received(data)
        if not self._reading_paused and self.backlog() > HIGH_WATER:
            self._pause_reading()
        self.wake()

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True
        self._writing_paused = False
        self._more_deadline.close()
        self._drain_deadline.close()
        self.wake()
        self._wake_writer()

    def pause_writing(self) -> None:
        self._writing_paused = True

    def resume_writing(self) -> None:
        self._writing_paused = False
        self._wake_writer()

    # our side

    def write(self, data: bytes) -> None:
        if self.transport is not None and not self.lost:
            self.transport.write(data)

    @property
    def clogged(self) -> bool:
        """True while the peer takes our bytes too slowly to write more."""
        return self._writing_paused

    async def more(self, seconds: float | None) -> None:
        """Return when bytes, the end or a wake-up came. Raises TimeoutError after ``seconds`` (None waits for ever)."""
        self.relieve()
        self._turns = 0
        self._more = waiter = self.loop.create_future()
        if seconds is None:
            self._more_deadline.clear()
        else:
            self._more_deadline.set(seconds)
        try:
            await waiter
        finally:
            if self._more is waiter:
                self._more = None
                self._more_deadline.clear()

    def relieve(self) -> None:
        """Read on if the backlog has become short."""
        if self._reading_paused and self.backlog() <= LOW_WATER:
            self._resume_reading()

    async def turn(self) -> None:
        """Let the other connections go on after some turns without a wait: whoever sends faster than we read must not
        keep the loop for itself. To be called for each piece that was there already."""
        self._turns += 1
        if self._turns >= _TURNS:
            self._turns = 0
            await asyncio.sleep(0)

    async def drain(self, seconds: float) -> None:
        """Return when the peer has taken enough of our bytes, or is gone. Raises TimeoutError after ``seconds``."""
        while self._writing_paused:
            self._drained = waiter = self.loop.create_future()
            self._drain_deadline.set(seconds)
            try:
                await waiter
            finally:
                if self._drained is waiter:
                    self._drained = None
                    self._drain_deadline.clear()

    def wake(self) -> None:
        """Let a waiting ``more`` return."""
        waiter = self._more
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def bound(self, seconds: float | None) -> None:
        """While nobody waits in ``more``: have ``expired`` called after ``seconds``, or no more with None."""
        if seconds is None:
            self._more_deadline.clear()
        else:
            self._more_deadline.set(seconds)

    def expired(self) -> None:
        """The time given to ``bound`` has passed."""

    def allow(self, seconds: float) -> None:
        """Bound a ``more`` that is already waiting by ``seconds`` from now."""
        if self._more is not None:
            self._more_deadline.set(seconds)

    def abort(self) -> None:
        """Drop the connection at once, with a reset when bytes are unsent."""
        if self.transport is not None and not self.lost:
            self.transport.abort()

    def close(self) -> None:
        """Close after everything written has been sent."""
        if self.transport is not None and not self.lost:
            self.transport.close()

    def end(self) -> None:
        """Send nothing more after what was written. The peer may go on sending, unless its transport
        cannot be half open, as that of an upstream over TLS: that closes."""
        transport = self.transport
        if transport is None or self.lost or transport.is_closing():
            return
        if transport.can_write_eof():
            transport.write_eof()
        else:
            transport.close()

    def _wake_writer(self) -> None:
        waiter = self._drained
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _more_expired(self) -> None:
        if self._more is None:
            self.expired()
        elif not self._more.done():
            self._more.set_exception(TimeoutError())

    def _drain_expired(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_exception(TimeoutError())

    def _pause_reading(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self._reading_paused = True
            self.transport.pause_reading()

    def _resume_reading(self) -> None:
        self._reading_paused = False
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()
