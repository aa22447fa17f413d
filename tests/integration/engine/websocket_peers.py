"""An echo server and a raw client for WebSockets on wsproto; both write down every byte they get."""

from __future__ import annotations

import asyncio
import contextlib
import re

from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Message, Ping, TextMessage
from wsproto.utilities import LocalProtocolError, generate_accept_token

from tests.integration.engine.websocket_cases import Case
from tests.integration.engine.world import Script, Talk

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = (
    b"GET /chat HTTP/1.1\r\nHost: gw.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: %b\r\nSec-WebSocket-Version: 13\r\n\r\n" % KEY
)
BYE = b"\x81\x03bye"
_KEY = re.compile(rb"\r\nsec-websocket-key: *([^\r]+)", re.IGNORECASE)


async def accept(talk: Talk) -> None:
    """Answer a handshake."""
    match = _KEY.search(await talk.head())
    assert match is not None
    token = generate_accept_token(match[1])
    await talk.send(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %b\r\n\r\n" % token
    )


def echo_server(received: list[bytes]) -> Script:
    """Echoes whole messages and answers pings until the close; says ``BYE`` to who only ends the connection."""

    async def script(talk: Talk) -> None:
        await accept(talk)
        whole = bytearray()
        received.append(whole)  # type: ignore[arg-type]
        connection = Connection(ConnectionType.SERVER)
        echo = _Echo(connection)
        while not echo.closed:
            data = await talk.reader.read(65536)
            if not data:
                await talk.send(BYE)
                return
            whole.extend(data)
            connection.receive_data(data)
            for event in connection.events():
                talk.writer.write(echo.answer(event))
            await talk.writer.drain()
        if talk.writer.can_write_eof():
            talk.writer.write_eof()
            # a reset because of bytes that nobody read would take our last frame with it
            while data := await asyncio.wait_for(talk.reader.read(65536), 10):
                whole.extend(data)

    return script


class _Echo:
    """The answer to each event; messages are put together, so that it does not depend on how bytes arrive."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._parts: list[bytes] = []
        self.closed = False

    def answer(self, event: Event) -> bytes:
        if self.closed:
            return b""
        if isinstance(event, Ping):
            return self._connection.send(event.response())
        if isinstance(event, CloseConnection):
            self.closed = True
            with contextlib.suppress(LocalProtocolError):
                return self._connection.send(event.response())
            return b""
        if isinstance(event, Message):
            data = event.data
            self._parts.append(data.encode() if isinstance(data, str) else bytes(data))
            if event.message_finished:
                message, self._parts = b"".join(self._parts), []
                kind = TextMessage if isinstance(event, TextMessage) else BytesMessage
                return self._connection.send(kind(message.decode() if kind is TextMessage else message))
        return b""


async def play_case(talk: Talk, case: Case) -> tuple[bytes, list[str]]:
    """Handshake, the bytes of ``case``, and everything that comes back, as bytes and as events of a client."""
    await talk.send(UPGRADE)
    head = await talk.head()
    assert head.startswith(b"HTTP/1.1 101 "), head
    assert b"\r\nsec-websocket-accept: %b\r\n" % generate_accept_token(KEY).lower() in head.lower()

    async def speak() -> None:
        with contextlib.suppress(ConnectionError):
            for piece in case.pieces:
                await talk.send(piece)
                if len(case.pieces) < 100:
                    await asyncio.sleep(0)
            if case.half_close:
                talk.writer.write_eof()

    speaking = asyncio.create_task(speak())
    raw = await asyncio.wait_for(talk.reader.read(), 60)
    await speaking
    talk.close()
    return raw, _events(raw)


def _events(raw: bytes) -> list[str]:
    connection = Connection(ConnectionType.CLIENT)
    connection.receive_data(raw)
    return [f"{type(event).__name__} {getattr(event, 'code', '')}" for event in connection.events()]
