"""Fields behind chunked bodies: read strictly, passed on to who asked with ``TE: trailers`` (reliability.md S1.41)."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.engine.world import Talk, gateway, one_route, play, says, until, upstream_server

HOST = b"Host: gw.test\r\n"
ASKED = b"TE: gzip, trailers\r\nConnection: te\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
TRAILERS = b"X-Sum:  7 \r\nX-Kong-Request-Id: mine\r\n\r\n"


def _returned(raw: bytes, answer: bytes = CHUNKED + TRAILERS) -> tuple[bytes, bytes]:
    async def run() -> tuple[bytes, bytes]:
        async with upstream_server(says(answer)) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            await talk.send(raw)
            head = await talk.head()
            await talk.send(b"BAD\r\n\r\n")
            return head, (await talk.rest()).partition(b"HTTP/1.1 400")[0]

    return play(run())


def test_a_client_that_asks_gets_the_trailers_of_the_response() -> None:
    head, rest = _returned(b"GET / HTTP/1.1\r\n" + HOST + ASKED + b"\r\n")
    assert b"Trailer: X-Sum\r\n" in head
    # the id is ours to give, in the head
    assert rest == b"3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n"


@pytest.mark.parametrize(
    "raw", [b"GET / HTTP/1.1\r\n" + HOST + b"\r\n", b"GET / HTTP/1.0\r\n" + HOST + ASKED + b"\r\n"]
)
def test_other_clients_get_none(raw: bytes) -> None:
    head, rest = _returned(raw)
    assert b"X-Sum: 7" not in rest
    if b"1.1" in raw:
        assert b"Trailer" not in head


def test_broken_trailers_of_a_response_break_it_off() -> None:
    async def run() -> bytes:
        told = asyncio.Event()

        async def script(talk: Talk) -> None:
            await talk.head()
            await talk.send(CHUNKED[:-3])
            await told.wait()
            await talk.send(b"0\r\nX-Sum : 7\r\n\r\n")

        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            await talk.send(b"GET / HTTP/1.1\r\n" + HOST + ASKED + b"\r\n")
            await talk.head()
            told.set()
            return await talk.rest()

    assert play(run()) == b"3\r\nabc\r\n"


def _streamed(fields: bytes, *, buffered: bool = False) -> bytes:
    """What the upstream saw behind the head of a chunked upload with trailers."""
    seen = b""

    async def script(talk: Talk) -> None:
        nonlocal seen
        head = await talk.head()
        assert (b"Transfer-Encoding: chunked" in head) is not buffered
        while not seen.endswith(b"\r\n\r\n" if not buffered else b"abc"):
            seen += await asyncio.wait_for(talk.reader.read(100), 10)
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async def run() -> int:
        async with upstream_server(script) as up, gateway(one_route(up.port, request_buffering=buffered)) as gw:
            talk = await gw.connect()
            await talk.send(b"PUT / HTTP/1.1\r\n" + HOST + fields + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            if not buffered:
                await until(lambda: bool(seen), "the body is on its way")
            trailers = b"X-Sum: 7\r\nX_Forwarded_For: 1.1.1.1\r\nX-Real-IP: 1.1.1.1\r\nX-Consumer-Id: me\r\n"
            return (await talk.ask(b"0\r\n" + trailers + b"\r\n")).status

    assert play(run()) == 200
    return seen


def test_trailers_of_a_streamed_upload_reach_the_upstream_but_for_those_it_might_trust() -> None:
    assert _streamed(ASKED) == b"3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n"


def test_trailers_of_an_upload_are_dropped_when_nobody_asked() -> None:
    assert _streamed(b"") == b"3\r\nabc\r\n0\r\n\r\n"


def test_trailers_of_a_buffered_upload_are_dropped() -> None:
    assert _streamed(ASKED, buffered=True) == b"abc"
