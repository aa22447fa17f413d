"""A closed-loop HTTP/1 client: every connection asks again as soon as its answer is complete."""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import sys
import time
from typing import cast

import uvloop

_BODY = 200
_FIELDS = (
    "Host: bench.test",
    "User-Agent: bench/1.0 (closed loop; two hundred bytes)",
    "Accept: application/json, text/plain, */*",
    "Accept-Encoding: gzip, deflate, br",
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8",
    "Cache-Control: no-cache",
    "Cookie: session=4f2d9a7b1c; theme=dark; consent=yes",
    "Origin: https://app.bench.test",
    "Referer: https://app.bench.test/items/overview",
    "Sec-Fetch-Mode: cors",
    "Sec-Fetch-Site: same-site",
    "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.bench",
)
_TAIL = "".join(f"{field}\r\n" for field in _FIELDS)


def request_head(number: int) -> bytes:
    """A GET whose path and request id are unique."""
    return f"GET /items/{number}?page=1 HTTP/1.1\r\n{_TAIL}X-Request-Id: {number:032x}\r\n\r\n".encode()


class Asking(asyncio.Protocol):
    """One connection; ``numbers`` makes every path and request id unique."""

    def __init__(self, numbers: itertools.count[int], latencies: list[float]) -> None:
        self._numbers = numbers
        self._latencies = latencies
        self._buffer = b""
        self.failures = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def _ask(self) -> None:
        number = next(self._numbers)
        self._began = time.perf_counter()
        self._transport.write(request_head(number))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or len(self._buffer) < end + 4 + _BODY:
            return
        if not self._buffer.startswith(b"HTTP/1.1 200 "):
            self.failures += 1
        self._buffer = b""
        self._latencies.append(time.perf_counter() - self._began)
        self._ask()


async def _load(port: int, connections: int, seconds: float) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    numbers = itertools.count()
    asking = []
    for _ in range(connections):
        _, protocol = await loop.create_connection(lambda: Asking(numbers, latencies), "127.0.0.1", port)
        asking.append(protocol)
    began = time.perf_counter()
    await asyncio.sleep(seconds)
    took = time.perf_counter() - began
    done = sorted(latencies)
    return {
        "requests": len(done),
        "per_second": len(done) / took,
        "p50_ms": statistics.median(done) * 1000,
        "p99_ms": done[int(len(done) * 0.99)] * 1000,
        "failures": sum(protocol.failures for protocol in asking),
    }


if __name__ == "__main__":
    print(json.dumps(uvloop.run(_load(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))))
