"""Clients that hold connections and send almost nothing, and how others fare meanwhile (reliability.md F45)."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time

from tests.integration.engine.world import Gateway, Talk

HEAD = b"GET / HTTP/1.1\r\nHost: gw.test\r\nX-A: "
UPLOAD = b"PUT / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 1000000\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n"
STARTS = (b"", HEAD, UPLOAD, GET)
"""What slow clients begin with: nothing, half a head, half a body, a response that they do not read."""


async def crowd(gw: Gateway, size: int) -> list[Talk]:
    """``size`` slow clients, each of one kind."""
    talks = []
    for number in range(size):
        talk = await gw.connect()
        start = STARTS[number % len(STARTS)]
        if start == GET:
            talk.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await talk.send(start)
        talks.append(talk)
    return talks


async def drip(talks: list[Talk], seconds: float) -> None:
    """Each client that is in the middle of something sends a byte now and then."""
    while True:
        for number, talk in enumerate(talks):
            if STARTS[number % len(STARTS)] in (HEAD, UPLOAD):
                with contextlib.suppress(ConnectionError):
                    talk.writer.write(b"a")
            if number % 100 == 99:
                await asyncio.sleep(seconds * 100 / len(talks))


async def pace(gw: Gateway, requests: int) -> float:
    """The median time of a good request, in seconds, on a connection that stays open."""
    talk = await gw.connect()
    times = []
    for _ in range(requests):
        began = time.perf_counter()
        assert (await talk.get("/")).status == 200
        times.append(time.perf_counter() - began)
    talk.close()
    return statistics.median(times)
