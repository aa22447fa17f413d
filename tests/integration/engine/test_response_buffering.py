"""``response_buffering``: a slow client keeps no upstream busy; without it both have one speed (proxy.md 2.5)."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os

import pytest

from tests.integration.engine.world import Talk, gateway, one_route, play, until, upstream_server

GET = b"GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n"
SIZE = 24_000_000


@pytest.mark.parametrize("chunked", [False, True])
def test_a_slow_client_leaves_the_upstream_free_and_gets_everything(chunked: bool) -> None:
    block = os.urandom(1_000_000)

    async def script(talk: Talk) -> None:
        await talk.head()
        framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % SIZE
        await talk.send(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
        for _ in range(SIZE // len(block)):
            await talk.send(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
        if chunked:
            await talk.send(b"0\r\n\r\n")
        await talk.head()
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext")
        await talk.ended()

    async def run() -> tuple[str, bytes, int]:
        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:
            pool = gw.engine._open(asyncio.get_running_loop()).pool
            talk = await gw.connect()
            talk.writer.transport.pause_reading()  # type: ignore[attr-defined]
            await talk.send(GET)
            await until(lambda: len(pool) == 1, "the upstream has given all and is free", 30)
            other = await gw.get("/")
            talk.writer.transport.resume_reading()  # type: ignore[attr-defined]
            response = await talk.response()
            await until(lambda: gw.engine.stats().writing == 0, "the exchange is over")
            assert len(pool) == 1
            return hashlib.sha256(response.body).hexdigest(), other.body, up.connections

    wanted = hashlib.sha256(block * (SIZE // len(block))).hexdigest()
    assert play(run()) == (wanted, b"next", 1)


def test_a_client_that_goes_while_its_response_is_kept_leaves_nothing() -> None:
    given_up = asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        try:
            for _ in range(1000):
                await talk.send(bytes(1_000_000))
        except ConnectionError:
            given_up.set()

    async def run() -> None:
        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:
            files, unnamed = len(os.listdir("/proc/self/fd")), _unnamed()
            talk = await gw.connect()
            talk.writer.transport.pause_reading()  # type: ignore[attr-defined]
            await talk.send(GET)
            await until(lambda: _unnamed() > unnamed, "a temporary file is written")
            talk.close()
            await until(lambda: gw.engine.stats().active == 0, "the client is gone")
            await until(lambda: len(os.listdir("/proc/self/fd")) <= files + 1, "its file is closed")
            await asyncio.wait_for(given_up.wait(), 10)

    play(run())


def _unnamed() -> int:
    """Open files of this process that have no name."""
    found = 0
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found += "(deleted)" in os.readlink(f"/proc/self/fd/{name}")
    return found


def test_a_response_that_breaks_off_while_it_is_kept_never_looks_complete() -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 30000000\r\n\r\n")
        for _ in range(20):
            await talk.send(bytes(1_000_000))

    async def run() -> int:
        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            talk.writer.transport.pause_reading()  # type: ignore[attr-defined]
            await talk.send(GET)
            await until(lambda: up.connections == 1, "the upstream is asked")
            await asyncio.sleep(0.6)
            talk.writer.transport.resume_reading()  # type: ignore[attr-defined]
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await talk.response()
            return up.connections

    assert play(run()) == 1


@pytest.mark.parametrize("buffering", [True, False])
def test_a_client_that_keeps_up_gets_each_piece_at_once(buffering: bool) -> None:
    """Nothing is held back until some buffer is full: streams of events work on every route."""

    async def run() -> int:
        heard = asyncio.Event()

        async def script(talk: Talk) -> None:
            await talk.head()
            await talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(5):
                heard.clear()
                await talk.send(b"4\r\ntick\r\n")
                await asyncio.wait_for(heard.wait(), 10)
            await talk.send(b"0\r\n\r\n")

        async with upstream_server(script) as up, gateway(one_route(up.port, response_buffering=buffering)) as gw:
            talk = await gw.connect()
            await talk.send(GET)
            await talk.head()
            for number in range(5):
                assert await talk.exactly(9) == b"4\r\ntick\r\n", number
                heard.set()
            assert await talk.exactly(5) == b"0\r\n\r\n"
            return up.connections

    assert play(run()) == 1
