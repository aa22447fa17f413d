"""Load: many keep-alive connections that behave as good clients do, and count every answer that was not right.

A good client opens a new connection after ``Connection: close``, and tries again once when a connection it reuses turns
out to have been closed before any byte of an answer (RFC 9110 section 9.2.2, idempotent requests): ``stale`` counts
those, everything else that is not the expected status is a failure and is kept with its moment and reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

from tests.tools.loop import LoopThread


@dataclass(frozen=True)
class Failure:
    """``moment`` and ``began`` (of its request) are monotonic seconds; ``connection`` is the index of the client."""

    moment: float
    began: float
    reason: str
    connection: int


@dataclass
class Report:
    requests: int = 0
    stale: int = 0
    slowest: float = 0.0
    failures: list[Failure] = field(default_factory=list)

    def __str__(self) -> str:
        few = "; ".join(f"{failed.reason} after {failed.moment - failed.began:.3f} s" for failed in self.failures[:5])
        counts = f"{self.requests} requests, {len(self.failures)} failures, {self.stale} stale"
        return f"{counts}, slowest {self.slowest:.3f} s {few}"


class _Closed(Exception):
    """The connection ended; ``fresh`` when nothing of an answer had come."""

    def __init__(self, fresh: bool) -> None:
        super().__init__("closed before any byte of an answer" if fresh else "closed in the middle of an answer")
        self.fresh = fresh


class Load:
    """Asks ``path`` over ``connections`` connections until stopped, with ``pause`` seconds between requests of each."""

    def __init__(
        self,
        port: int,
        path: str = "/",
        *,
        connections: int = 8,
        expect: int = 200,
        pause: float = 0.002,
    ) -> None:
        self.report = Report()
        self._address = ("127.0.0.1", port)
        self._expect = expect
        self._pause = pause
        self._request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
        self._connections = connections
        self._running = False

    def __enter__(self) -> Load:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._running = True
        self._loop = LoopThread("load")
        self._done = [self._loop.spawn(self._client(index)) for index in range(self._connections)]

    def stop(self) -> Report:
        """Finish the requests under way and report. May be called twice."""
        if self._running:
            self._running = False
            for done in self._done:
                done.result(30)
            self._loop.close()
        return self.report

    async def _client(self, index: int) -> None:
        connection: _Connection | None = None
        while self._running:
            began = time.monotonic()
            try:
                connection, status = await asyncio.wait_for(self._exchange(connection), 20)
                self._count(index, began, None if status == self._expect else f"status {status}")
            except (OSError, _Closed, TimeoutError, ValueError) as error:
                if connection is not None:
                    await connection.close()
                connection = None
                self._count(index, began, f"{type(error).__name__}: {error}")
                await asyncio.sleep(0.01)
            await asyncio.sleep(self._pause)
        if connection is not None:
            await connection.close()

    async def _exchange(self, connection: _Connection | None) -> tuple[_Connection | None, int]:
        """One request; returns the connection when it may be used again."""
        reused = connection is not None
        try:
            if connection is None:
                connection = await _Connection.open(self._address)
            status, keep = await connection.ask(self._request)
        except (_Closed, ConnectionError) as error:
            if connection is not None:
                await connection.close()
            before_answer = not isinstance(error, _Closed) or error.fresh
            if not reused or not before_answer:
                raise
            self.report.stale += 1
            return await self._exchange(None)
        if keep:
            return connection, status
        await connection.close()
        return None, status

    def _count(self, index: int, began: float, reason: str | None) -> None:
        now = time.monotonic()
        self.report.requests += 1
        self.report.slowest = max(self.report.slowest, now - began)
        if reason is not None:
            self.report.failures.append(Failure(now, began, reason, index))


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, address: tuple[str, int]) -> _Connection:
        return cls(*await asyncio.open_connection(*address))

    async def ask(self, request: bytes) -> tuple[int, bool]:
        """Send a request and read the whole answer; returns its status and whether the connection stays open."""
        self._writer.write(request)
        try:
            await self._writer.drain()
            head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            raise _Closed(fresh=not error.partial) from None
        lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip().lower() for name, _, value in (line.partition(":") for line in lines[1:-2])
        }
        try:
            if headers.get("transfer-encoding") == "chunked":
                while size := int(await self._reader.readline(), 16):
                    await self._reader.readexactly(size + 2)
                await self._reader.readline()
            else:
                await self._reader.readexactly(int(headers.get("content-length", "0")))
        except (asyncio.IncompleteReadError, ConnectionError):
            raise _Closed(fresh=False) from None
        return int(lines[0].split(" ")[1]), headers.get("connection") != "close"

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
