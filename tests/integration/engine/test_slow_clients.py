"""Slow clients are ended in their time and cost others next to nothing (reliability.md S1.55, F45)."""

from __future__ import annotations

import asyncio

import pytest

from gwctl.engine.config import Timeouts
from tests.integration.engine.slow_clients import crowd, drip, pace
from tests.integration.engine.world import Talk, echo, gateway, one_route, play, until, upstream_server

TIMES = Timeouts(head=1.5, first_byte=1.5, keepalive=1.5, body=1.5, client_write=1.5, linger=0.2)


def test_slow_clients_do_not_slow_down_others_and_are_ended() -> None:
    async def run() -> tuple[float, float]:
        # the upload's gap is never reached: it ends because the clients stop
        async with upstream_server(echo()) as up, gateway(one_route(up.port), timeouts=TIMES) as gw:
            quiet = await pace(gw, 150)
            talks = await crowd(gw, 400)
            dripping = asyncio.create_task(drip(talks, 1.0))
            busy = await pace(gw, 150)
            dripping.cancel()
            await until(lambda: gw.engine.stats().active == 0, "every slow client is ended", 20)
            return quiet, busy

    quiet, busy = play(run())
    assert busy < 5 * quiet + 0.005


@pytest.mark.parametrize(
    "start",
    [b"GET / HTTP/1.1\r\nX-A: ", b"PUT / HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n5;"],
    ids=["head", "chunk line"],
)
def test_memory_of_what_never_ends_is_bounded(start: bytes) -> None:
    """A line that only grows is refused at its limit, however it is cut."""

    async def run() -> tuple[int, int]:
        async with upstream_server(echo()) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            await talk.send(start)
            sent = 0
            try:
                while sent < 1_000_000 and not talk.reader.at_eof():
                    await talk.send(b"a" * 100)
                    sent += 100
                    await asyncio.sleep(0)
                    if talk.reader._buffer:  # type: ignore[attr-defined]
                        break
            except ConnectionError:
                pass
            return await _status(talk), sent

    status, sent = play(run())
    assert status == 400
    assert sent < 20_000


async def _status(talk: Talk) -> int:
    return (await talk.response()).status
