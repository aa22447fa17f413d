"""Serves an ASGI application on bound sockets inside a running event loop: uvicorn's HTTP/1.1 protocol on h11.

uvicorn's own server is not used: it takes over signals, wants one TLS context for all sockets and offers no figures.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from gwctl.kit.accepting import let_accepted_appear
from gwctl.kit.asgi import Application, Message, Receive, Scope, Send
from gwctl.kit.clock import Clock
from gwctl.node.access_line import access_line
from gwctl.observe.server_stats import ServerStats

HEAD_SECONDS = 60.0
"""How long a client may take to send a request head."""
KEEP_ALIVE_SECONDS = 75
MOST_CONNECTIONS = 1024
MOST_HEAD_BYTES = 32 * 1024
_BEFORE_AN_ANSWER = ("IDLE", "SEND_RESPONSE")

_log = logging.getLogger("gwctl.http")


@dataclass(frozen=True, slots=True)
class HttpSocket:
    """A bound socket and the TLS context of its listener (None for plain HTTP)."""

    socket: socket.socket
    tls: ssl.SSLContext | None = None
    backlog: int = 2048


class HttpServer:
    """One application on any number of sockets.

    ``access`` receives one line per answer in the combined format; None means no access log.
    """

    def __init__(self, app: Application, clock: Clock, access: Callable[[str], None] | None = None) -> None:
        self._clock = clock
        self._access = access
        self._state = ServerState()
        self._servers: list[asyncio.Server] = []
        self._accepted = 0
        self._requests = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._config = Config(
            self._wrap(app),
            interface="asgi3",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        )
        self._config.load()

    async def serve(self, sockets: Sequence[HttpSocket]) -> None:
        """Accept connections on ``sockets`` from now on; returns at once. Raises OSError."""
        loop = asyncio.get_running_loop()
        for listener in sockets:
            server = await loop.create_server(
                lambda: _Connection(self._config, self._state, loop, self._opened, self._closed),
                sock=listener.socket,
                ssl=listener.tls,
                backlog=listener.backlog,
            )
            self._servers.append(server)

    async def stop(self, deadline: float) -> None:
        """Close the sockets, let running requests finish for at most ``deadline`` seconds, then cut the rest."""
        for server in self._servers:
            server.close()
        self._servers.clear()
        await let_accepted_appear()
        for connection in self._connections():
            connection.finish()
        try:
            async with asyncio.timeout(deadline):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("%d connections cut off after %g s", len(self._state.connections), deadline)
            for connection in self._connections():
                connection.transport.abort()
        tasks = list(self._state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def stats(self) -> ServerStats:
        """What has been served and what is open now."""
        reading = writing = waiting = 0
        for connection in self._connections():
            if not connection.cycle:
                reading += 1
            elif connection.cycle.response_complete:
                waiting += 1
            else:
                writing += 1
        return ServerStats(self._accepted, self._accepted, self._requests, reading, writing, waiting)

    def _connections(self) -> list[_Connection]:
        return [connection for connection in self._state.connections if isinstance(connection, _Connection)]

    def _opened(self) -> None:
        self._accepted += 1
        self._idle.clear()

    def _closed(self) -> None:
        if not self._state.connections:
            self._idle.set()

    def _wrap(self, app: Application) -> Application:
        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            self._requests += 1
            began = self._clock.now()
            status = written = 0

            async def send_complete(message: Message) -> None:
                nonlocal status, written
                if message["type"] == "http.response.start":
                    status = message["status"]
                    message["headers"] = _complete(scope, message.get("headers", []), int(began))
                elif scope["method"] != "HEAD":
                    written += len(message.get("body", b""))
                await send(message)

            try:
                await app(scope, receive, send_complete)
            finally:
                if self._access is not None:
                    self._access(access_line(scope, status, written, began))

        return serve


def _complete(scope: Scope, headers: Sequence[tuple[bytes, bytes]], now: int) -> list[tuple[bytes, bytes]]:
    complete = [(_display_name(name), value) for name, value in headers]
    complete.append((b"Date", _http_date(now)))
    own_connection = any(name == b"Connection" for name, _ in complete)
    if not own_connection and (b"connection", b"close") not in scope["headers"]:
        complete.append((b"Connection", b"keep-alive"))
    return complete


def _ascii(line: bytes) -> bytes:
    """Names in paths may come unescaped (admin-api.md 2.1); h11 takes only what RFC 9112 allows."""
    return b"".join(b"%%%02X" % byte if byte > 0x7E else bytes((byte,)) for byte in line)


@functools.lru_cache(maxsize=256)
def _display_name(name: bytes) -> bytes:
    return b"-".join(part.capitalize() for part in name.split(b"-"))


@functools.lru_cache(maxsize=1)
def _http_date(now: int) -> bytes:
    return formatdate(now, usegmt=True).encode()


class _Connection(H11Protocol):
    """Adds to uvicorn's connection a deadline for request heads, figures, and our log."""

    def __init__(
        self,
        config: Config,
        state: ServerState,
        loop: asyncio.AbstractEventLoop,
        opened: Callable[[], None],
        closed: Callable[[], None],
    ) -> None:
        super().__init__(config, state, {}, loop)
        self.logger = _log
        self.access_log = False
        self._opened = opened
        self._closed = closed
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._opened()
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        if not data.isascii() and self._in_request_line():
            line, newline, rest = data.partition(b"\n")
            data = b"".join((_ascii(line), newline, rest))
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._forget_head()
        self._closed()

    def send_400_response(self, msg: str) -> None:
        """What follows is no HTTP: say so, unless the request it belongs to has its answer, or part of it, already."""
        if self.cycle and not self.cycle.response_complete:
            self.cycle.disconnected = True  # an answer of its own would be a second one
            self.cycle.message_event.set()
        if self.conn.our_state.__name__ in _BEFORE_AN_ANSWER:
            super().send_400_response(msg)
        else:
            self.transport.close()

    def finish(self) -> None:
        """Close when idle, otherwise after the answer that is under way."""
        if not self.transport.is_closing():
            self.shutdown()

    def _in_request_line(self) -> bool:
        """Whether the next byte belongs to the first line of a request."""
        return self.conn.their_state.__name__ == "IDLE" and b"\n" not in self.conn.trailing_data[0]

    def _watch_head(self) -> None:
        if self.cycle and not self.cycle.response_complete:
            self._forget_head()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.timeout_keep_alive_handler)

    def _forget_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _unsupported_upgrade_warning(self) -> None:
        """Requests that ask for an upgrade are answered as if they had not."""
