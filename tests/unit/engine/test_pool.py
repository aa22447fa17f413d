"""What the pool of upstream connections takes back."""

from __future__ import annotations

import asyncio
from unittest.mock import Mock

from gwctl.engine.http1.choice import FAST
from gwctl.engine.http1.codec import HeadLimits
from gwctl.engine.upstream.connection import Address, UpstreamConnection
from gwctl.engine.upstream.pool import Pool, PoolLimits


def test_a_connection_that_has_not_taken_its_request_is_dropped() -> None:
    """Its upstream answered early: whoever used it again would wait behind the rest of another request."""

    async def run(*, clogged: bool) -> tuple[int, int]:
        loop = asyncio.get_running_loop()
        pool = Pool(loop, PoolLimits(idle_seconds=0))
        connection = UpstreamConnection(loop, Address("192.0.2.1", 80), FAST.response_reader(HeadLimits()))
        transport = Mock(spec=asyncio.Transport)
        connection.connection_made(transport)
        connection.begin(b"POST", 1.0, upgrade=False)
        if clogged:
            connection.pause_writing()
        connection.data_received(b"HTTP/1.1 204 No Content\r\n\r\n")
        assert connection.arrived() is not None
        pool.give(connection)
        return len(pool), transport.abort.call_count

    assert asyncio.run(run(clogged=False)) == (1, 0)
    assert asyncio.run(run(clogged=True)) == (0, 1)
