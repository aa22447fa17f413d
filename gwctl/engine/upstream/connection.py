"""One connection to an upstream: writes requests, reads responses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from gwctl.engine.http1.codec import BadResponse, End, ResponseHead, ResponseReader
from gwctl.engine.tls.upstream import ClientTls
from gwctl.engine.wire import Wire


class Address(NamedTuple):
    """Where a connection goes; equal addresses share a pool. ``sni`` is None on plain connections and
    for hosts that are addresses. A tuple, because every request makes and looks up one."""

    ip: str
    port: int
    tls: ClientTls | None = None
    sni: str | None = None


class ConnectionClosed(Exception):
    """The upstream closed or reset the connection before the response was complete."""


class UpstreamConnection(Wire):
    """Reads one response after another. ``idle`` is called when something happens while no request is in flight.

    ``ended`` tells that the upstream sends nothing more; a ``tunnel`` may still send to it then.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, address: Address, reader: ResponseReader) -> None:
        super().__init__(loop)
        self.address = address
        self.reader = reader
        self.requests = 0
        self.idle_since = 0.0
        self.idle: Callable[[UpstreamConnection], None] | None = None
        self.fault: Exception | None = None
        self.sending = False
        self.ended = False
        self.tunnel = False
        self.read_seconds = 60.0
        self._heard: Callable[[], None] | None = None
        self._head: ResponseHead | None = None
        self._broken: BadResponse | None = None

    def received(self, data: bytes) -> None:
        if self.idle is not None:
            self._disturbed()
            return
        self.reader.feed(data)

    def backlog(self) -> int:
        return self.reader.buffered

    def eof_received(self) -> bool:
        self.reader.eof()
        self.ended = True
        if self.idle is not None:
            self._disturbed()
        self.wake()
        # TLS cannot stay half open
        return self.tunnel and self.address.tls is None

    def connection_lost(self, error: Exception | None) -> None:
        # only a proper end can be the end of a body
        if error is None:
            self.reader.eof()
        elif self.fault is None:
            self.fault = ConnectionClosed(str(error))
        super().connection_lost(error)
        if self.idle is not None:
            self._disturbed()

    def _disturbed(self) -> None:
        idle, self.idle = self.idle, None
        if idle is not None:
            idle(self)
        self.abort()

    def wake(self) -> None:
        if self._heard is not None:
            self._heard()
        else:
            super().wake()

    def listen(self, heard: Callable[[], None]) -> None:
        """Call ``heard`` whenever something happens, until ``ignore``; nobody may wait for the response meanwhile. The
        read timeout is a fault then."""
        self._heard = heard
        self.bound(self.read_seconds)

    def ignore(self) -> None:
        """End ``listen``."""
        self._heard = None
        self.bound(None)

    def expired(self) -> None:
        self.fail(TimeoutError())

    def begin(self, method: bytes, read_seconds: float, *, upgrade: bool) -> None:
        """Get ready for the response to a request of ``method``."""
        self.requests += 1
        self._head = None
        self.read_seconds = read_seconds
        self.reader.expect(method, upgrade=upgrade)

    def fail(self, fault: Exception) -> None:
        """Make the reader of the response see ``fault`` (the request could not be sent)."""
        if self.fault is None:
            self.fault = fault
        self.wake()

    def sent(self) -> None:
        """The whole request was written: from now on the read timeout counts."""
        self.sending = False
        self.allow(self.read_seconds)

    def arrived(self) -> ResponseHead | None:
        """The response head if it is there; it is not consumed. Raises BadResponse."""
        if self._broken is not None:
            raise self._broken
        if self._head is None:
            try:
                self._head = self.reader.head()
            except BadResponse as error:
                self._broken = error
                raise
        return self._head

    async def head(self) -> ResponseHead:
        """The response head. Raises BadResponse, ConnectionClosed, TimeoutError or the fault given to ``fail``."""
        while True:
            head = self.arrived()
            if head is not None:
                return head
            await self._wait()

    async def body(self) -> bytes | End:
        """The next piece of the body or END; raises like ``head``."""
        while True:
            piece = self.reader.body()
            if piece is not None:
                await self.turn()
                return piece
            await self._wait()

    async def raw(self, seconds: float) -> bytes:
        """The next bytes of a tunnel, none at its end. Raises TimeoutError."""
        while True:
            data = self.reader.rest()
            if data or self.ended or self.lost:
                return data
            await self.more(seconds)

    async def _wait(self) -> None:
        if self.fault is not None:
            raise self.fault
        if self.lost:
            raise ConnectionClosed("closed")
        await self.more(None if self.sending else self.read_seconds)
