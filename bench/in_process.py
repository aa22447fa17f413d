"""The path of one request through a worker without sockets: CPU time and Python calls, and what costs most.

Transports are stand-ins, everything else is the engine. The calls per request do not depend on how busy the machine is.
"""

from __future__ import annotations

import asyncio
import cProfile
import pstats
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import uvloop

from bench.serve import Records
from gwctl.certs import TlsPolicy, blank_context
from gwctl.engine import BoundListener, Engine
from gwctl.kit.clock import SystemClock
from gwctl.observe.access import AccessLog
from gwctl.observe.metrics import COLUMNS, MetricRow
from gwctl.settings import Listener, Settings

# all batches stay below the requests that a connection may carry
_BATCH = 200
_BATCHES = 40
_TOP = 25
_PORT = 8000

REQUEST = (
    b"GET /shop/items/4711?sort=price HTTP/1.1\r\nHost: api.bench.test\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36\r\n"
    b"Accept: application/json, text/plain, */*\r\nAccept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    b"Accept-Encoding: gzip, deflate, br\r\nReferer: https://shop.bench.test/list?page=2\r\n"
    b"Cookie: session=4f2d9a7b1c; theme=dark; consent=yes\r\nAuthorization: Bearer 0123456789abcdef0123456789abcdef\r\n"
    b"Cache-Control: no-cache\r\nX-Requested-With: XMLHttpRequest\r\n"
    b"X-Request-Id: 5d0c8a52-6c3e-4d6b-9b0e-0f6c1a2b3c4d\r\nOrigin: https://shop.bench.test\r\n\r\n"
)
RESPONSE = (
    b"HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Type: application/json\r\n"
    b"Content-Length: 200\r\nConnection: keep-alive\r\nCache-Control: private, max-age=0\r\nVary: Accept-Encoding\r\n"
    b'ETag: "33a64df5"\r\nX-Frame-Options: DENY\r\nX-Request-Id: 5d0c8a52-6c3e-4d6b-9b0e-0f6c1a2b3c4d\r\n\r\n'
) + b"x" * 200


class _Transport(asyncio.Transport):
    """Keeps what was written last."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 50000), "sockname": ("127.0.0.1", _PORT)})
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written = bytes(data)

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        raise RuntimeError("the engine aborted a connection")

    close = abort


class _Server(asyncio.AbstractServer):
    def close(self) -> None:
        pass


class _Loop(uvloop.Loop):
    """Its listeners and connections have no sockets."""

    accept: Callable[[], asyncio.Protocol]

    def __init__(self) -> None:
        super().__init__()
        self.upstreams: list[asyncio.Protocol] = []

    async def create_server(self, factory: Callable[[], asyncio.Protocol], *_: Any, **__: Any) -> _Server:
        self.accept = factory
        return _Server()

    async def create_connection(self, factory: Callable[[], Any], *_: Any, **__: Any) -> tuple[Any, Any]:
        protocol, transport = factory(), _Transport()
        protocol.connection_made(transport)
        self.upstreams.append(protocol)
        return transport, protocol


class _Socket:
    def setblocking(self, _: bool) -> None:
        pass

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", _PORT


async def _path(log: Path, batches: int) -> dict[str, Any]:
    access = AccessLog(log)
    row = MetricRow(memoryview(bytearray(8 * COLUMNS)).cast("Q"))
    engine = Engine(
        Settings.load(role="traditional", environ={}),
        node_id="bench",
        clock=SystemClock(),
        access_log=access,
        tls=lambda _: blank_context(TlsPolicy()),
        metrics=row,
    )
    await engine.install(Records(9))
    await engine.serve([BoundListener(Listener("127.0.0.1", _PORT), cast(Any, _Socket()))])
    loop = cast(_Loop, asyncio.get_running_loop())
    client, transport = loop.accept(), _Transport()
    client.connection_made(transport)
    client.data_received(REQUEST)
    # the first request goes on in a task, which opens the connection
    for _ in range(5):
        await asyncio.sleep(0)
    upstream = loop.upstreams[0]
    upstream.data_received(RESPONSE)
    for _ in range(5):
        await asyncio.sleep(0)

    def one() -> None:
        transport.written = b""
        client.data_received(REQUEST)
        upstream.data_received(RESPONSE)

    one()
    if not transport.written.startswith(b"HTTP/1.1 200 ") or len(loop.upstreams) != 1:
        raise RuntimeError(f"not the quick way: {transport.written[:200]!r}")
    best = min(_seconds(one) for _ in range(batches))
    calls, top = _profile(one)
    access.close()
    return {"cpu_us": round(best / _BATCH * 1e6, 1), "calls": calls, "top": top}


def _seconds(one: Callable[[], None]) -> float:
    began = time.thread_time()
    for _ in range(_BATCH):
        one()
    return time.thread_time() - began


def _profile(one: Callable[[], None]) -> tuple[float, list[str]]:
    """Calls per request, and the functions that took longest themselves: calls per request, µs each request, name."""
    profile = cProfile.Profile(time.thread_time)
    profile.enable()
    for _ in range(_BATCH):
        one()
    profile.disable()
    stats = cast(Any, pstats.Stats(profile))
    rows = sorted(stats.stats.items(), key=lambda item: -item[1][2])[:_TOP]
    lines = [
        f"{made / _BATCH:5.1f} {own / _BATCH * 1e6:6.2f} {Path(where).name}:{line} {name}"
        for (where, line, name), (_, made, own, _, _) in rows
    ]
    return round(stats.total_calls / _BATCH, 1), lines


def measured(*, smoke: bool) -> dict[str, Any]:
    """CPU µs (best of many batches) and calls per request, with the costliest functions under the profiler."""
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(_path(Path(folder) / "access.log", 5 if smoke else _BATCHES))
