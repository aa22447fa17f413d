"""One connection that keeps us busy must not hold up the others."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from gwctl.engine.config import Timeouts
from tests.integration.engine.world import Talk, gateway, one_route, play, request_body, until, upstream_server

HOST = b"Host: gw.test\r\n"
CHUNKS = 60_000
TINY = b"1\r\na\r\n" * CHUNKS + b"0\r\n\r\n"
LONGEST_STALL = 0.4


async def _longest_stall(scene: Coroutine[Any, Any, None]) -> float:
    """The longest time in which the loop did nothing else while ``scene`` ran."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(scene)
    longest, last = 0.0, loop.time()
    while not task.done():
        await asyncio.sleep(0.001)
        now = loop.time()
        longest, last = max(longest, now - last), now
    await task
    return longest


@pytest.mark.parametrize("buffered", [True, False])
def test_an_upload_in_tiny_chunks_holds_up_nobody(buffered: bool) -> None:
    async def script(talk: Talk) -> None:
        head = await talk.head()
        body = await request_body(talk, head)
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n%05d" % len(body))

    async def run() -> float:
        async with upstream_server(script) as up, gateway(one_route(up.port, request_buffering=buffered)) as gw:

            async def upload() -> None:
                talk = await gw.connect()
                await talk.send(b"PUT / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + TINY)
                assert (await asyncio.wait_for(talk.response(), 30)).body == b"%05d" % CHUNKS

            return await _longest_stall(upload())

    assert play(run()) < LONGEST_STALL


def test_an_answer_in_tiny_chunks_holds_up_nobody() -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + TINY)

    async def run() -> float:
        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:

            async def download() -> None:
                assert len((await gw.get("/")).body) == CHUNKS

            return await _longest_stall(download())

    assert play(run()) < LONGEST_STALL


def test_pipelined_requests_hold_up_nobody() -> None:
    async def run() -> float:
        async with gateway({}) as gw:

            async def flood() -> None:
                talk = await gw.connect()
                request = b"GET / HTTP/1.1\r\n" + HOST
                await talk.send((request + b"\r\n") * 8000 + request + b"Connection: close\r\n\r\n")
                assert (await asyncio.wait_for(talk.reader.read(), 30)).count(b"HTTP/1.1 404") == 8001

            return await _longest_stall(flood())

    assert play(run()) < LONGEST_STALL


def test_a_client_that_goes_on_sending_after_an_early_answer_is_dropped() -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        await talk.rest()

    async def run() -> None:
        async with (
            upstream_server(script) as up,
            gateway(one_route(up.port, request_buffering=False), timeouts=Timeouts(linger=0.2)) as gw,
        ):
            talk = await gw.connect()
            await talk.send(b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 100000000\r\n\r\nabc")
            assert (await talk.response()).status == 403
            talk.writer.write(bytes(50_000_000))
            await until(lambda: gw.engine.stats().active == 0, "the connection is closed")

    play(run())
