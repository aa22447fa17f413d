"""Tunnels after a 101: bytes both ways as they come, with backpressure and half closes (proxy.md 11.5)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from gwctl.engine.chain.plan import ServicePlan
from gwctl.engine.proxy.downstream import ClientGone
from gwctl.engine.proxy.exchange import Exchange
from gwctl.engine.upstream.connection import ConnectionClosed, UpstreamConnection

_log = logging.getLogger("gwctl.engine")


class _Silence:
    """How long neither side has sent anything; both sides' reads are bounded by it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds
        self._broken = loop.time()

    async def broken_by(self, read: Callable[[float], Awaitable[bytes]]) -> bytes:
        """What ``read`` gives. Raises TimeoutError when both sides were silent for too long."""
        while True:
            left = self._broken + self._seconds - self._loop.time()
            try:
                data = await read(max(left, 0.001))
            except TimeoutError:
                if self._loop.time() < self._broken + self._seconds:
                    continue
                raise
            self._broken = self._loop.time()
            return data


async def tunnel(exchange: Exchange, service: ServicePlan, upstream: UpstreamConnection, head: bytes) -> None:
    """Send ``head``, a 101, and pass bytes until both sides have ended, one of them is gone or does not take bytes for
    its write timeout, or both were silent for the read timeout of the service."""
    client = exchange.client
    silence = _Silence(upstream.loop, service.read_seconds)
    client.begin_tunnel()
    upstream.tunnel = True
    client.write(head)

    async def up() -> None:
        while data := await silence.broken_by(client.tunnelled):
            upstream.write(data)
            await upstream.drain(service.write_seconds)
            if upstream.lost:
                raise upstream.fault or ConnectionClosed("closed")
        upstream.end()
        if client.lost:
            raise ClientGone

    async def down() -> None:
        while data := await silence.broken_by(upstream.raw):
            client.write(data)
            exchange.body_bytes += len(data)
            await client.flush()
        if upstream.fault is not None:
            raise upstream.fault
        client.end()

    try:
        await _both(up(), down())
    except TimeoutError:
        _log.info("a tunnel was silent or clogged for too long, request_id: %s", exchange.request_id)
    except ConnectionClosed:
        client.cut(reset=True)


async def _both(*halves: Coroutine[Any, Any, None]) -> None:
    """Run both until they are done; what one raises ends the other."""
    tasks = [asyncio.create_task(half, name="tunnel") for half in halves]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
