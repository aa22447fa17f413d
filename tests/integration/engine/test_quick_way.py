"""Requests that need no task, where they meet what does not go well: the same promises as on the general way."""

from __future__ import annotations

import asyncio
import dataclasses
import socket

import pytest

from gwctl.engine import AccessSink
from gwctl.engine.config import Timeouts
from gwctl.engine.proxy import phases
from gwctl.engine.proxy.client import State
from gwctl.engine.proxy.exchange import Exchange
from gwctl.observe.access import AccessRecord
from gwctl.observe.metrics import COLUMNS, MetricRow, totals
from tests.integration.engine.world import Front, Talk, bound, echo, gateway, one_route, play, until, upstream_server
from tests.tools.dns_server import dns_server

CODECS = pytest.mark.parametrize("codec", ["fast", "h11"])
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@CODECS
def test_a_body_that_is_there_waits_for_the_name_of_its_upstream(codec: str) -> None:
    async def run() -> bytes:
        with dns_server() as names:
            names.say("web.test", "A", "127.0.0.1")
            environ = {"GWCTL_HTTP_CODEC": codec, "GWCTL_DNS_RESOLVER": names.address}
            async with (
                upstream_server(echo()) as up,
                gateway(one_route(up.port, to={"host": "web.test"}), environ=environ) as gw,
            ):
                talk = await gw.connect()
                return (await talk.ask(b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello")).body

    assert play(run()).endswith(b"\r\n\r\nhello")


def test_a_head_that_comes_in_pieces_may_take_longer_than_one_wait() -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.send(OK)
        await talk.head()
        for piece in (b"HTTP/1.1 200 OK\r\n", b"X-A: 1\r\n", b"X-B: 1\r\n", b"Content-Length: 2\r\n\r\nok"):
            await talk.send(piece)
            await asyncio.sleep(0.7)

    async def run() -> int:
        async with (
            upstream_server(script) as up,
            gateway(one_route(up.port, to={"read_timeout": 1500, "retries": 0})) as gw,
        ):
            talk = await gw.connect()
            await talk.get("/")
            return (await talk.get("/")).status

    assert play(run()) == 200


def test_a_silent_upstream_times_out() -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.send(OK)
        await talk.head()
        await talk.rest()

    async def run() -> int:
        async with (
            upstream_server(script) as up,
            gateway(one_route(up.port, to={"read_timeout": 300, "retries": 0})) as gw,
        ):
            talk = await gw.connect()
            await talk.get("/")
            return (await talk.get("/")).status

    assert play(run()) == 504


class BreaksOnce:
    """A log that fails for the second line."""

    def __init__(self) -> None:
        self.lines = 0

    def write(self, record: AccessRecord) -> None:
        self.lines += 1
        if self.lines == 2:
            raise RuntimeError("the log is broken")


def test_a_mistake_behind_the_response_ends_only_the_connection() -> None:
    log: AccessSink = BreaksOnce()

    async def run() -> None:
        async with upstream_server(echo()) as up, gateway(one_route(up.port), access_log=log) as gw:
            talk = await gw.connect()
            await talk.get("/")
            assert (await talk.get("/")).status == 200
            assert await talk.ended()
            assert (await gw.get("/")).status == 200
            await until(lambda: gw.engine.stats().active == 0, "no connection is left")

    play(run())


def test_a_request_keeps_the_service_that_it_began_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between its first step and its task the service of its route may be gone."""
    routed = phases.route

    def gone(exchange: Exchange, *arguments: object) -> object:
        answer = routed(exchange, exchange.snapshot)
        cell = exchange.plan.cell
        asyncio.get_running_loop().call_soon(setattr, cell, "service", None)
        return answer

    async def run() -> int:
        async with upstream_server(echo()) as up, gateway(one_route(up.port)) as gw:
            monkeypatch.setattr(phases, "route", gone)
            talk = await gw.connect()
            await talk.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
            return (await talk.ask(b"0\r\n\r\n")).status

    assert play(run()) == 200


def test_who_does_not_take_the_response_is_dropped_in_the_end() -> None:
    """Also when so little of it is left that nothing waits for the client."""
    size = 40_000

    async def script(talk: Talk) -> None:
        while True:
            await talk.head()
            await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))

    async def run() -> None:
        timeouts = Timeouts(keepalive=0.2, client_write=0.5)
        async with upstream_server(script) as up, gateway(one_route(up.port), timeouts=timeouts) as gw:
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect(("127.0.0.1", gw.port))
            await until(lambda: bool(gw.engine._connections), "the connection is there")
            (client,) = gw.engine._connections
            transport = client.transport
            assert transport is not None
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            while transport.get_write_buffer_size() == 0:
                before = gw.engine.stats().total_requests
                sock.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                while gw.engine.stats().total_requests == before or client.state is not State.IDLE:
                    await asyncio.sleep(0.005)
            assert not client.clogged
            await until(lambda: gw.engine.stats().active == 0, "the connection is gone")
            sock.close()

    play(run())


def test_every_request_is_counted_once_however_it_was_answered() -> None:
    """Kept open on the quick way, first on the general way, no route, and what was no request."""
    words = memoryview(bytearray(8 * COLUMNS)).cast("Q")

    async def run() -> None:
        async with upstream_server(echo()) as up, gateway(one_route(up.port, paths=["/a"])) as gw:
            engine = gw.engine
            engine._runtime = dataclasses.replace(engine._open(asyncio.get_running_loop()), metrics=MetricRow(words))
            listener = bound()
            await engine.serve([listener])
            front = Front(listener.listener.port)
            talk = await front.connect()
            for path in ("/a", "/a", "/b"):
                await talk.get(path)
            assert (await talk.ask(b"GET / HTTP/1.1\r\n\r\n")).status == 400
            talk.close()

    play(run())
    counted = totals([words])
    assert (counted.requests, counted.statuses["2xx"], counted.statuses["4xx"], counted.proxied) == (4, 2, 2, 2)
