"""Latency at a constant rate: requests leave when they are due, so that a slow answer does not slow the questions."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import statistics
import subprocess
import sys
from typing import Any, cast

import uvloop

from bench.load import request_head
from bench.node import OTHER_CORE, on_core

CONNECTIONS = 32


def against_direct(port: int, upstream: int, options: argparse.Namespace) -> dict[str, Any]:
    """p50 and p99 in milliseconds at half of what the proxy carries, beside the upstream asked directly, in turns."""
    most = statistics.median(_loaded(port, 0, 2.0)["per_second"] for _ in range(3))
    pairs = [
        (_loaded(upstream, most / 2, options.pair_seconds), _loaded(port, most / 2, options.pair_seconds))
        for _ in range(options.pairs)
    ]
    return {
        "per_second": round(most / 2),
        "p99_ms": round(statistics.median(mine["p99_ms"] for _, mine in pairs), 2),
        "direct_p99_ms": round(statistics.median(direct["p99_ms"] for direct, _ in pairs), 2),
        "above_direct_ms": round(statistics.median(mine["p99_ms"] - direct["p99_ms"] for direct, mine in pairs), 2),
        "failures": sum(mine["failures"] for _, mine in pairs),
    }


def _loaded(port: int, per_second: float, seconds: float) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.peers.rate", str(port), str(per_second), str(seconds)]
    with on_core(OTHER_CORE):
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=seconds + 60)
    return cast(dict[str, float], json.loads(done.stdout))


class _Connection(asyncio.Protocol):
    """Asks one question at a time; ``idle`` takes it back when its answer is complete."""

    def __init__(self, idle: list[_Connection], done: list[float], again: asyncio.Event) -> None:
        self._idle = idle
        self._done = done
        self._again = again
        self._buffer = b""
        self.failures = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._idle.append(self)

    def ask(self, number: int, due: float) -> None:
        self._due = due
        self._transport.write(request_head(number))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if not end or len(body) < int(length or 0):
            return
        self.failures += not head.startswith(b"HTTP/1.1 200 ")
        self._buffer = b""
        self._done.append(asyncio.get_running_loop().time() - self._due)
        self._idle.append(self)
        self._again.set()


async def _load(port: int, per_second: float, seconds: float) -> dict[str, float]:
    """With a rate of 0 questions leave as soon as a connection is free."""
    loop = asyncio.get_running_loop()
    idle: list[_Connection] = []
    done: list[float] = []
    again = asyncio.Event()
    every = [
        cast(_Connection, (await loop.create_connection(lambda: _Connection(idle, done, again), "127.0.0.1", port))[1])
        for _ in range(CONNECTIONS)
    ]
    began = loop.time()
    for number in itertools.count():
        due = began + number / per_second if per_second else loop.time()
        if due - began >= seconds:
            break
        if due > loop.time():
            await asyncio.sleep(due - loop.time())
        while not idle:
            again.clear()
            await again.wait()
        idle.pop().ask(number, due if per_second else loop.time())
    took = loop.time() - began
    ordered = sorted(done)
    return {
        "requests": len(done),
        "per_second": len(done) / took,
        "p50_ms": statistics.median(ordered) * 1000,
        "p99_ms": ordered[int(len(ordered) * 0.99)] * 1000,
        "failures": sum(each.failures for each in every),
    }


if __name__ == "__main__":
    print(json.dumps(uvloop.run(_load(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))))
