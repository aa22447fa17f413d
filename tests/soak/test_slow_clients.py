"""Five thousand slow clients on one worker (reliability.md F45)."""

from __future__ import annotations

import asyncio
import resource

import pytest

from gwctl.engine.config import Timeouts
from tests.integration.engine.slow_clients import crowd, drip, pace
from tests.integration.engine.world import echo, gateway, one_route, play, until, upstream_server

MOST = 5000


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_5_000_slow_clients_cost_others_little_and_are_ended() -> None:
    """Heads end after ten seconds in all, bodies and unread answers after a gap, here of ten seconds too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 32768), hard))

    async def run() -> tuple[float, float]:
        times = Timeouts(head=10, first_byte=10, keepalive=10, body=10, client_write=10)
        async with upstream_server(echo()) as up, gateway(one_route(up.port), timeouts=times) as gw:
            quiet = await pace(gw, 1000)
            talks = await crowd(gw, MOST)
            dripping = asyncio.create_task(drip(talks, 5.0))
            busy = await pace(gw, 1000)
            dripping.cancel()
            await until(lambda: gw.engine.stats().active == 0, "every slow client is ended", 60)
            return quiet, busy

    try:
        quiet, busy = play(run())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    print(f"median of a good request: {quiet * 1e6:.0f} us alone, {busy * 1e6:.0f} us beside {MOST} slow clients")
    assert busy < 2 * quiet + 0.002
