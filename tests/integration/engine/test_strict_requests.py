"""Requests that two parsers could read differently are refused (reliability.md S1; the number is its row)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.integration.engine.strict_cases import ACCEPTED, REFUSED, H
from tests.integration.engine.world import Response, echo, gateway, one_route, play, upstream_server


@pytest.mark.parametrize(("raw", "status"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_and_the_connection_ends(codec: Mapping[str, str], raw: bytes, status: int) -> None:
    """A second, hidden request behind it is never answered and nothing reaches the upstream."""
    smuggled = b"GET /smuggled HTTP/1.1\r\n" + H + b"\r\n"

    async def run() -> tuple[Response, bytes, int]:
        async with upstream_server(echo()) as up, gateway(one_route(up.port), environ=codec) as gw:
            talk = await gw.connect()
            response = await talk.ask(raw + smuggled)
            return response, await talk.rest(), up.connections

    response, rest, connections = play(run())
    assert response.status == (400 if status == 494 else status)
    assert response.get("connection") == "close"
    assert rest == b""
    assert connections == 0
    if status == 494:
        assert response.get("content-type") == "application/json; charset=utf-8"
        assert b'"message":"Request header or cookie too large"' in response.body
    else:
        assert response.get("content-type") == "text/plain; charset=utf-8"
        assert response.body.decode().endswith(f"\nrequest_id: {response.get('x-kong-request-id')}\n")


@pytest.mark.parametrize(("raw", "seen"), ACCEPTED.values(), ids=ACCEPTED)
def test_it_is_accepted(codec: Mapping[str, str], raw: bytes, seen: bytes) -> None:
    async def run() -> Response:
        async with upstream_server(echo()) as up, gateway(one_route(up.port), environ=codec) as gw:
            return await gw.ask(raw)

    response = play(run())
    assert response.status == 200
    assert seen in response.body


def test_limits_are_met_exactly(codec: Mapping[str, str]) -> None:
    """8 KiB lines and 1,000 fields, host included, are just too much and just right."""

    def request(line: int, fields: int) -> bytes:
        value = b"X-A: ".ljust(line, b"a")
        return b"GET / HTTP/1.1\r\n" + H + value + b"\r\n" + b"X: 1\r\n" * (fields - 2) + b"\r\n"

    async def run(*raw: bytes) -> list[int]:
        async with upstream_server(echo()) as up, gateway(one_route(up.port), environ=codec) as gw:
            return [(await gw.ask(one)).status for one in raw]

    statuses = play(run(request(8191, 2), request(8192, 2), request(10, 1000), request(10, 1001)))
    assert statuses == [200, 400, 200, 431]


def test_pipelined_requests_are_answered_in_order(codec: Mapping[str, str]) -> None:
    async def run() -> list[bytes]:
        async with upstream_server(echo()) as up, gateway(one_route(up.port), environ=codec) as gw:
            talk = await gw.connect()
            await talk.send(b"".join(b"GET /%d HTTP/1.1\r\n%b\r\n" % (number, H) for number in range(5)))
            return [(await talk.response()).body.split(b" ")[1] for _ in range(5)]

    assert play(run()) == [b"/0", b"/1", b"/2", b"/3", b"/4"]


def test_what_follows_a_refused_request_is_never_read_as_one(codec: Mapping[str, str]) -> None:
    async def run() -> tuple[int, bytes]:
        async with upstream_server(echo()) as up, gateway(one_route(up.port), environ=codec) as gw:
            talk = await gw.connect()
            await talk.send(b"GET /1 HTTP/1.1\r\n" + H + b"\r\nBAD\r\n\r\nGET /2 HTTP/1.1\r\n" + H + b"\r\n")
            first = await talk.response()
            return first.status, await talk.rest()

    status, rest = play(run())
    assert status == 200
    assert rest.startswith(b"HTTP/1.1 400 ")
    assert rest.count(b"HTTP/1.1") == 1
