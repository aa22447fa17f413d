"""An engine in this process between raw clients and scripted upstreams."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import uvloop

from gwctl.engine import AccessSink, BoundListener, Engine
from gwctl.engine.balancer.ports import Availability
from gwctl.engine.config import Timeouts
from gwctl.kit.clock import SystemClock
from gwctl.settings import Listener, Settings
from tests.integration.engine.records import MemoryView, Record, route, service

T = TypeVar("T")

Script = Callable[["Talk"], Awaitable[None]]


@dataclass
class Response:
    status: int
    reason: str
    fields: list[tuple[str, str]]
    body: bytes

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key.lower() == name.lower()), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key.lower() == name.lower()]


class Talk:
    """One raw connection, either side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> bytes:
        return await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)

    async def exactly(self, size: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(size), 10)

    async def rest(self) -> bytes:
        """Everything until the peer closes."""
        return await asyncio.wait_for(self.reader.read(), 10)

    async def response(self, method: str = "GET") -> Response:
        """One whole response; raises IncompleteReadError when it breaks off."""
        head = (await self.head()).decode("latin-1")
        line, *lines = head.split("\r\n")[:-2]
        _, status, reason = line.split(" ", 2)
        fields = [(name, value.strip()) for name, _, value in (text.partition(":") for text in lines)]
        response = Response(int(status), reason, fields, b"")
        if method == "HEAD" or int(status) in (204, 304) or int(status) < 200:
            return response
        if response.get("transfer-encoding") == "chunked":
            response.body = await self._chunks()
        elif response.get("content-length") is not None:
            response.body = await self.exactly(int(response.get("content-length") or ""))
        else:
            response.body = await self.rest()
        return response

    async def _chunks(self) -> bytes:
        parts = []
        while True:
            line = await asyncio.wait_for(self.reader.readuntil(b"\r\n"), 10)
            size = int(line, 16)
            data = await self.exactly(size + 2)
            assert data[-2:] == b"\r\n"
            if size == 0:
                return b"".join(parts)
            parts.append(data[:-2])

    async def ask(self, raw: bytes, method: str = "GET") -> Response:
        await self.send(raw)
        return await self.response(method)

    async def get(self, path: str, *lines: str, host: str = "gw.test", method: str = "GET") -> Response:
        head = "".join(f"{line}\r\n" for line in (f"{method} {path} HTTP/1.1", f"Host: {host}", *lines))
        return await self.ask(f"{head}\r\n".encode("latin-1"), method)

    async def ended(self) -> bool:
        """True once the peer has closed or reset."""
        try:
            return await self.rest() == b""
        except ConnectionError:
            return True

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        """Close with RST."""
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


@dataclass
class ScriptedUpstream:
    """Runs ``script`` for each connection; ``heads`` collects what scripts note down."""

    port: int = 0
    connections: int = 0
    heads: list[bytes] = field(default_factory=list)


@contextlib.asynccontextmanager
async def upstream_server(
    script: Script, tls: ssl.SSLContext | None = None, port: int = 0, host: str = "127.0.0.1"
) -> AsyncIterator[ScriptedUpstream]:
    """An upstream on ``port``, a free one when it is 0."""
    state = ScriptedUpstream()
    tasks: set[asyncio.Task[None]] = set()

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state.connections += 1
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
                await script(Talk(reader, writer))
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(run(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, host, port, ssl=tls)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def echo(state: Callable[[], ScriptedUpstream] | None = None, answer: bytes = b"HTTP/1.1 200 OK\r\n") -> Script:
    """Answers every request with its own head and body; keeps the connection."""

    async def script(talk: Talk) -> None:
        while True:
            head = await talk.head()
            body = await request_body(talk, head)
            if state is not None:
                state().heads.append(head)
            text = head + body
            await talk.send(answer + b"Content-Length: %d\r\n\r\n" % len(text) + text)

    return script


def says(*answers: bytes) -> Script:
    """Answers the requests of a connection with ``answers`` in turn, then closes it."""

    async def script(talk: Talk) -> None:
        for answer in answers:
            await talk.head()
            await talk.send(answer)

    return script


async def request_body(talk: Talk, head: bytes) -> bytes:
    lines = [line.partition(b":") for line in head.lower().split(b"\r\n")]
    fields = {name: value.strip() for name, _, value in lines}
    if fields.get(b"transfer-encoding") == b"chunked":
        return await talk._chunks()
    return await talk.exactly(int(fields.get(b"content-length", b"0")))


def fields_of(head: bytes) -> list[tuple[str, str]]:
    lines = head.decode("latin-1").split("\r\n")[1:-2]
    return [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]


class Front:
    """A gateway on ``port``, whichever process it runs in."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._talks: list[Talk] = []

    async def connect(self, tls: ssl.SSLContext | None = None, name: str | None = None) -> Talk:
        # uvloop drops what it has not decrypted when the end comes while a reader has enough: it never has
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=tls, server_hostname=name, limit=64 * 1024 * 1024
        )
        talk = Talk(reader, writer)
        self._talks.append(talk)
        return talk

    async def get(self, path: str, *lines: str, host: str = "gw.test", method: str = "GET") -> Response:
        """One request on its own connection."""
        talk = await self.connect()
        try:
            return await talk.get(path, *lines, host=host, method=method)
        finally:
            talk.close()

    async def ask(self, raw: bytes, method: str = "GET") -> Response:
        talk = await self.connect()
        try:
            return await talk.ask(raw, method)
        finally:
            talk.close()

    async def hang_up(self) -> None:
        """Close every connection that was made."""
        for talk in self._talks:
            talk.close()
        for talk in self._talks:
            with contextlib.suppress(OSError, ssl.SSLError):
                await talk.writer.wait_closed()
        self._talks.clear()


class Gateway(Front):
    """A served engine."""

    def __init__(self, engine: Engine, port: int) -> None:
        super().__init__(port)
        self.engine = engine

    async def install(self, records: Mapping[str, list[Record]], number: int = 2) -> MemoryView:
        view = MemoryView(dict(records), number)
        await self.engine.install(view)
        return view

    async def close(self) -> None:
        for talk in self._talks:
            talk.close()
        await self.engine.stop()
        for talk in self._talks:
            with contextlib.suppress(OSError, ssl.SSLError):
                await talk.writer.wait_closed()


def client_tls() -> ssl.SSLContext:
    """Trusts everybody."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def no_tls(listener: Listener) -> ssl.SSLContext:
    raise AssertionError(f"{listener} is no TLS listener")


def new_engine(
    environ: Mapping[str, str] | None = None,
    timeouts: Timeouts | None = None,
    access_log: AccessSink | None = None,
    tls: Callable[[Listener], ssl.SSLContext] = no_tls,
    availability: Availability | None = None,
) -> Engine:
    settings = Settings.load(role="traditional", environ={"HOME": "/nonexistent", **(environ or {})})
    return Engine(
        settings,
        node_id="node",
        clock=SystemClock(),
        access_log=access_log,
        tls=tls,
        timeouts=timeouts,
        availability=availability,
    )


def bound(*, https: bool = False, proxy_protocol: bool = False) -> BoundListener:
    """A listening socket on a free port."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(128)
    port = listening.getsockname()[1]
    return BoundListener(Listener(ip="127.0.0.1", port=port, ssl=https, proxy_protocol=proxy_protocol), listening)


@contextlib.asynccontextmanager
async def gateway(
    records: Mapping[str, list[Record]],
    *,
    environ: Mapping[str, str] | None = None,
    timeouts: Timeouts | None = None,
    access_log: AccessSink | None = None,
    tls: ssl.SSLContext | None = None,
    proxy_protocol: bool = False,
    availability: Availability | None = None,
) -> AsyncIterator[Gateway]:
    """An engine that serves ``records`` on a free port, over TLS when a context is given."""
    engine = new_engine(environ, timeouts, access_log, (lambda _: tls) if tls else no_tls, availability)
    await engine.install(MemoryView(dict(records)))
    listener = bound(https=tls is not None, proxy_protocol=proxy_protocol)
    await engine.serve([listener])
    running = Gateway(engine, listener.listener.port)
    try:
        yield running
    finally:
        await running.close()


def one_route(port: int, *, to: Mapping[str, object] | None = None, **values: object) -> dict[str, list[Record]]:
    """A service on ``port`` behind the path ``/``."""
    made = service("one", "127.0.0.1", port) | dict(to or {})
    return {"services": [made], "routes": [route("one", made, **({"paths": ["/"], "strip_path": False} | values))]}


def play(scene: Coroutine[Any, Any, T]) -> T:
    """Run ``scene`` to its end on the event loop that workers use."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(scene)


async def until(condition: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
    """Wait for ``condition`` on the loop that runs everything."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not condition():
        assert loop.time() < end, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.005)
