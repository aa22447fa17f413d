"""The control plane's end of one WebSocket: TLS on an accepted socket, upgrade, text messages, closing handshake.

It drives the sans-IO protocol of ``websockets`` itself, because only so a failed TLS handshake is seen with its reason
and peer.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

from websockets.exceptions import ProtocolError
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from gwctl.cluster.errors import LinkError
from gwctl.cluster.protocol import HELLO_LIMIT, SUBPROTOCOL, CloseCode

_READ_SIZE = 64 * 1024
_HANDSHAKE_SECONDS = 10.0
_CLOSING_SECONDS = 2.0


class Rejection(NamedTuple):
    """An HTTP answer instead of the upgrade."""

    status: HTTPStatus
    reason: str


Judge = Callable[[str], Rejection | None]
"""Decides about an upgrade request to a path."""


class ServerSocket:
    """Open with ``accept``; then ``upgrade``; reading and sending may be done by two tasks."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._protocol = ServerProtocol(subprotocols=[Subprotocol(SUBPROTOCOL)], max_size=HELLO_LIMIT)
        self._parts: list[bytes] = []
        self._events: list[object] = []
        self._reading = False
        self._over = asyncio.Event()
        self._closing = asyncio.Lock()

    @classmethod
    async def accept(cls, connection: socket.socket, context: ssl.SSLContext) -> ServerSocket:
        """Do the TLS handshake. Raises OSError (ssl.SSLError is one) and TimeoutError; the socket is closed then."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_READ_SIZE)
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol, connection, ssl=context, ssl_handshake_timeout=_HANDSHAKE_SECONDS
            )
        except BaseException:
            connection.close()
            raise
        return cls(reader, asyncio.StreamWriter(transport, protocol, reader, loop))

    def certificate(self) -> tuple[bytes | None, float | None]:
        """The client's certificate (DER) and its end in seconds since the epoch."""
        tls = self._writer.get_extra_info("ssl_object")
        der = tls.getpeercert(True)
        ends = (tls.getpeercert() or {}).get("notAfter")
        return der, ssl.cert_time_to_seconds(ends) if ends else None

    async def upgrade(self, judge: Judge) -> bool:
        """Answer the upgrade request; False when it was rejected or never came whole. Raises OSError, TimeoutError."""
        async with asyncio.timeout(_HANDSHAKE_SECONDS):
            request = await self._next_event()
            if not isinstance(request, Request) or self._protocol.eof_sent:
                return False  # the end came first, or bytes behind the request that are no WebSocket
            rejection = judge(request.path)
            if rejection is None:
                response = self._protocol.accept(request)
            else:
                response = self._protocol.reject(rejection.status, rejection.reason + "\n")
            self._protocol.send_response(response)
            await self._flush()
        return self._protocol.state is State.OPEN

    async def receive(self) -> bytes | None:
        """The next text message; None when the link is over. Raises LinkError for a binary message, OSError."""
        self._reading = True
        try:
            return await self._next_message()
        finally:
            self._reading = False

    async def _next_message(self) -> bytes | None:
        while True:
            event = await self._next_event()
            if event is None:
                return None
            if not isinstance(event, Frame):
                continue
            if event.opcode is Opcode.BINARY:
                raise LinkError("a binary message came, this link speaks text")
            if event.opcode in (Opcode.TEXT, Opcode.CONT):
                if event.data:
                    self._parts.append(bytes(event.data))
                if event.fin:
                    message, self._parts = b"".join(self._parts), []
                    return message

    async def _next_event(self) -> object | None:
        while not self._events:
            if self._protocol.close_expected():
                # Both ends said goodbye; it is ours to end the connection (RFC 6455, 7.1.1).
                self._over.set()
                return None
            try:
                data = await self._reader.read(_READ_SIZE)
            except OSError:
                self._over.set()
                raise
            if data:
                self._protocol.receive_data(data)
            else:
                self._protocol.receive_eof()
            self._events = list(self._protocol.events_received())
            await self._flush()
            if not self._events and not data:
                self._over.set()
                return None
        return self._events.pop(0)

    async def send(self, data: bytes) -> None:
        """Send a text message; returns when the peer's buffer has room. Raises LinkError when the link is closing."""
        try:
            self._protocol.send_text(data)
        except ProtocolError as error:
            raise LinkError("the link is closing") from error
        await self._flush()

    async def _flush(self) -> None:
        # Only who writes waits for room: a peer that takes its time to read is still heard.
        waiting = self._protocol.data_to_send()
        for data in waiting:
            if data:
                self._writer.write(data)
            elif self._writer.can_write_eof():
                self._writer.write_eof()
        if waiting:
            await self._writer.drain()

    async def close(self, code: int = CloseCode.GOING_AWAY, reason: str = "") -> None:
        """Send a close frame, give the peer a moment to answer it, and end the connection.

        Another task may be receiving: it sees the end then.
        """
        async with self._closing:
            try:
                async with asyncio.timeout(_CLOSING_SECONDS):
                    await self._say_goodbye(code, reason)
                    self._writer.close()
                    await self._writer.wait_closed()
            except (OSError, TimeoutError, ProtocolError):
                pass
            finally:
                with contextlib.suppress(AttributeError):  # Python's loop before 3.11.4, for what is closed already
                    self._writer.transport.abort()

    async def _say_goodbye(self, code: int, reason: str) -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)
        await self._flush()
        if self._reading:
            await self._over.wait()
        else:
            while await self._next_event() is not None:
                pass
