"""Requests at a constant rate, with their upstream, in a process of their own.

A request begins when its time has come, whether those before it were answered or not, and its latency counts from
then: a gateway that stalls is seen to stall (no coordinated omission). The upstream answers every request with the
path that it was asked for, so that an answer tells which route was taken.

The process prints the port of the upstream and then, for every line ``{"port", "rate", "seconds", "paths"}`` on its
standard input, one line with the result.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import uvloop

MOST_CONNECTIONS = 256
_GRACE_SECONDS = 10.0


@dataclass
class Result:
    """Latencies in seconds; ``reasons`` has the first few failures."""

    requests: int = 0
    failures: int = 0
    p50: float = 0.0
    p99: float = 0.0
    slowest: float = 0.0
    connections: int = 0
    reasons: list[str] = field(default_factory=list)


class _Upstream(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            path = self._buffer.split(b" ", 2)[1]
            self._buffer = self._buffer[end + 4 :]
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(path), path))


class _Connection(asyncio.Protocol):
    """One request at a time; ``busy`` is the path and the time of the one under way."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._buffer = b""
        self.busy: tuple[str, float] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def ask(self, path: str, due: float) -> None:
        self.busy = path, due
        self.transport.write(f"GET {path} HTTP/1.1\r\nHost: rate.test\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (x.partition(b":") for x in head.split(b"\r\n"))}
        if not found or len(rest) < int(fields.get(b"content-length", b"0")):
            return
        self._buffer = b""
        (path, due), self.busy = self.busy or ("", 0.0), None
        good = head.startswith(b"HTTP/1.1 200") and rest == path.encode()
        self._run.ended(due, None if good else f"{path}: {head[:60]!r} {rest[:60]!r}")
        if fields.get(b"connection") == b"close":
            self.transport.close()
        else:
            self._run.has_time(self)

    def connection_lost(self, error: Exception | None) -> None:
        with contextlib.suppress(ValueError):
            self._run.free.remove(self)
        if self.busy is not None:
            self._run.ended(self.busy[1], f"{self.busy[0]}: the connection ended, {error!r}")


class _Run:
    def __init__(self, port: int, rate: float, seconds: float, paths: Sequence[str]) -> None:
        self.free: list[_Connection] = []
        self._port, self._rate, self._seconds, self._paths = port, rate, seconds, paths
        self._loop = asyncio.get_running_loop()
        self._latencies: list[float] = []
        self._waiting: deque[tuple[str, float]] = deque()
        self._result = Result()
        self._asking: set[asyncio.Task[None]] = set()
        self._all = asyncio.Event()

    def has_time(self, connection: _Connection) -> None:
        if self._waiting:
            connection.ask(*self._waiting.popleft())
        else:
            self.free.append(connection)

    def ended(self, due: float, failure: str | None) -> None:
        self._latencies.append(time.monotonic() - due)
        if failure is not None:
            self._result.failures += 1
            self._result.reasons.append(failure)
        if len(self._latencies) == int(self._rate * self._seconds):
            self._all.set()

    async def go(self) -> Result:
        began = time.monotonic()
        for number in range(int(self._rate * self._seconds)):
            due = began + number / self._rate
            wait = due - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            self._ask(self._paths[number % len(self._paths)], due)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._all.wait(), _GRACE_SECONDS)
        return self._reported()

    def _ask(self, path: str, due: float) -> None:
        if self.free:
            self.free.pop().ask(path, due)
        elif self._result.connections < MOST_CONNECTIONS:
            self._result.connections += 1
            task = self._loop.create_task(self._open(path, due))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        else:
            self._waiting.append((path, due))

    async def _open(self, path: str, due: float) -> None:
        try:
            _, connection = await self._loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port)
        except OSError as error:
            self.ended(due, f"{path}: {error!r}")
        else:
            connection.ask(path, due)

    def _reported(self) -> Result:
        result, asked = self._result, int(self._rate * self._seconds)
        unanswered = asked - len(self._latencies)
        result.requests = asked
        result.failures += unanswered
        result.reasons = [*result.reasons[:5], *([f"{unanswered} were not answered"] if unanswered else [])]
        ordered = sorted(self._latencies) or [0.0]
        result.p50, result.p99 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
        result.slowest = ordered[-1]
        for connection in self.free:
            connection.transport.close()
        return result


class ConstantRate:
    """The process; ``upstream`` is the port of its upstream."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.upstream = int(self._read())

    def start(self, port: int, rate: float, seconds: float, paths: Sequence[str]) -> None:
        """Begin to ask; ``result`` waits for the end."""
        assert self._process.stdin is not None
        line = json.dumps({"port": port, "rate": rate, "seconds": seconds, "paths": list(paths)})
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def result(self) -> Result:
        return Result(**json.loads(self._read()))

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextlib.contextmanager
def constant_rate() -> Iterator[ConstantRate]:
    command = [sys.executable, "-m", "tests.tools.constant_rate"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield ConstantRate(process)
        finally:
            process.kill()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Upstream, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked: dict[str, Any] = json.loads(line)
        print(json.dumps(asdict(await _Run(**asked).go())), flush=True)


if __name__ == "__main__":
    uvloop.run(_serve())
