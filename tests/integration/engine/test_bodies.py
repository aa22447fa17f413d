"""Bodies in both directions: buffered, streamed, framed anew, bounded (proxy.md 2.5, 11.1, 11.2)."""

from __future__ import annotations

import asyncio
import os
import tempfile
from functools import partial

import pytest

from gwctl.engine.config import Timeouts
from tests.integration.engine.world import (
    Response,
    Talk,
    echo,
    gateway,
    one_route,
    play,
    request_body,
    says,
    until,
    upstream_server,
)

HOST = b"Host: gw.test\r\n"


def _sent(raw: bytes, **values: object) -> Response:
    async def run() -> Response:
        async with upstream_server(echo()) as up, gateway(one_route(up.port, **values)) as gw:
            return await gw.ask(raw)

    return play(run())


CHUNKED = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"


def test_a_chunked_request_is_sent_with_its_length() -> None:
    head, _, body = _sent(CHUNKED).body.partition(b"\r\n\r\n")
    assert b"Content-Length: 5" in head
    assert b"Transfer-Encoding" not in head
    assert body == b"abcde"


def test_a_chunked_request_that_has_arrived_is_sent_with_its_length_unbuffered_too() -> None:
    assert b"Content-Length: 5\r\n" in _sent(CHUNKED, request_buffering=False).body


def _upload(size: int, *, chunked: bool, buffered: bool) -> tuple[int, bytes, bytes]:
    """Status, head and body that the upstream saw of an upload in pieces."""
    content = os.urandom(size)
    seen: list[bytes] = []

    async def script(talk: Talk) -> None:
        seen.append(await talk.head())
        seen.append(await request_body(talk, seen[0]))
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async def run() -> int:
        async with upstream_server(script) as up, gateway(one_route(up.port, request_buffering=buffered)) as gw:
            talk = await gw.connect()
            framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % size
            await talk.send(b"PUT / HTTP/1.1\r\n" + HOST + framing + b"\r\n\r\n")
            for start in range(0, size, 100_000):
                piece = content[start : start + 100_000]
                await talk.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            if chunked:
                await talk.send(b"0\r\n\r\n")
            return (await talk.response()).status

    status = play(run())
    assert seen[1] == content
    return status, *seen


@pytest.mark.parametrize("size", [1000, 100_000, 5_000_000])
@pytest.mark.parametrize("chunked", [True, False])
def test_a_buffered_upload_arrives_whole_with_its_length(size: int, chunked: bool) -> None:
    status, head, _ = _upload(size, chunked=chunked, buffered=True)
    assert status == 200
    assert b"Content-Length: %d\r\n" % size in head


@pytest.mark.parametrize("chunked", [True, False])
def test_a_streamed_upload_keeps_its_framing(chunked: bool) -> None:
    status, head, _ = _upload(2_000_000, chunked=chunked, buffered=False)
    assert status == 200
    assert (b"Transfer-Encoding: chunked\r\n" in head) is chunked


def test_a_streamed_body_reaches_the_upstream_before_it_is_complete() -> None:
    async def run() -> Response:
        arrived = asyncio.Event()

        async def script(talk: Talk) -> None:
            await talk.head()
            assert await talk.exactly(3) == b"abc"
            arrived.set()
            assert await talk.exactly(3) == b"def"
            await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        async with upstream_server(script) as up, gateway(one_route(up.port, request_buffering=False)) as gw:
            talk = await gw.connect()
            await talk.send(b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 6\r\n\r\nabc")
            await asyncio.wait_for(arrived.wait(), 5)
            return await talk.ask(b"def")

    assert play(run()).status == 200


def test_a_slow_upstream_holds_back_the_client() -> None:
    """Memory stays bounded: the client cannot push far ahead of an upstream that does not read."""

    async def run() -> int:
        async def script(talk: Talk) -> None:
            talk.writer.transport.pause_reading()  # type: ignore[attr-defined]
            await asyncio.sleep(30)

        to = {"write_timeout": 60000}
        async with (
            upstream_server(script) as up,
            gateway(one_route(up.port, to=to, request_buffering=False)) as gw,
        ):
            talk = await gw.connect()
            talk.writer.transport.set_write_buffer_limits(0)
            await talk.send(b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000000\r\n\r\n")
            return await _pushed(talk)

    assert play(run()) < 30_000_000


def test_a_slow_client_holds_back_the_upstream_of_a_route_without_response_buffering() -> None:
    async def run() -> int:
        pushed = 0

        async def script(talk: Talk) -> None:
            nonlocal pushed
            await talk.head()
            await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            talk.writer.transport.set_write_buffer_limits(0)
            pushed = await _pushed(talk)

        async with upstream_server(script) as up, gateway(one_route(up.port, response_buffering=False)) as gw:
            talk = await gw.connect()
            await talk.send(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
            await talk.head()
            talk.writer.transport.pause_reading()  # type: ignore[attr-defined]
            await until(lambda: pushed > 0, "the upstream is held back", 60)
            return pushed

    assert play(run()) < 30_000_000


async def _pushed(talk: Talk) -> int:
    """Bytes that the peer takes before it stops taking any for a while."""
    pushed = 0
    while pushed < 60_000_000:
        talk.writer.write(bytes(100_000))
        try:
            await asyncio.wait_for(talk.writer.drain(), 0.5)
        except TimeoutError:
            break
        pushed += 100_000
    return pushed


def _returned(answer: bytes, raw: bytes, method: str = "GET") -> tuple[bytes, bytes]:
    """Head and everything behind it until the connection ends or another response could begin."""

    async def run() -> tuple[bytes, bytes]:
        async with upstream_server(says(answer)) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            await talk.send(raw)
            head = await talk.head()
            await talk.send(b"BAD\r\n\r\n")
            rest, _, _ = (await talk.rest()).partition(b"HTTP/1.1 400")
            return head, rest

    return play(run())


GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
GET_10 = b"GET / HTTP/1.0\r\n" + HOST + b"\r\n"
HEAD = b"HEAD / HTTP/1.1\r\n" + HOST + b"\r\n"
OK = b"HTTP/1.1 200 OK\r\n"


def test_a_chunked_response_stays_chunked() -> None:
    head, rest = _returned(OK + b"Transfer-Encoding: chunked\r\n\r\n3;x=1\r\nabc\r\n0\r\nX-T: 1\r\n\r\n", GET)
    assert b"\r\nTransfer-Encoding: chunked\r\n" in head
    assert rest == b"3\r\nabc\r\n0\r\n\r\n"


def test_a_response_that_ends_with_its_connection_becomes_chunked() -> None:
    head, rest = _returned(b"HTTP/1.0 200 OK\r\n\r\nabc", GET)
    assert b"\r\nTransfer-Encoding: chunked\r\n" in head
    assert b"\r\nConnection: keep-alive\r\n" in head
    assert rest == b"3\r\nabc\r\n0\r\n\r\n"


def test_an_old_client_gets_no_chunks() -> None:
    head, rest = _returned(OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", GET_10)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nConnection: close\r\n" in head
    assert b"Transfer-Encoding" not in head
    assert rest == b"abc"


def test_an_old_client_may_keep_its_connection() -> None:
    raw = GET_10.replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n")
    head, rest = _returned(OK + b"Content-Length: 3\r\n\r\nabc", raw)
    assert b"\r\nConnection: keep-alive\r\n" in head
    assert rest == b"abc"


@pytest.mark.parametrize("framing", [b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_the_answer_to_head_has_no_body(framing: bytes) -> None:
    head, rest = _returned(OK + framing + b"\r\n", HEAD)
    assert rest == b""
    assert (b"\r\nContent-Length: 3\r\n" in head) is framing.startswith(b"Content-Length")


def test_204_and_304_have_no_body() -> None:
    head, rest = _returned(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nX-A: 1\r\n\r\n", GET)
    assert (rest, b"X-A: 1" in head, b"Content-Length" in head) == (b"", True, False)
    head, rest = _returned(b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 9\r\n\r\n', GET)
    assert (rest, b'ETag: "a"' in head, b"Content-Length: 9" in head) == (b"", True, True)


def _limited(raw: bytes, **values: object) -> tuple[Response, bool, int]:
    async def run() -> tuple[Response, bool, int]:
        environ = {"GWCTL_NGINX_HTTP_CLIENT_MAX_BODY_SIZE": "5"}
        async with upstream_server(echo()) as up, gateway(one_route(up.port, **values), environ=environ) as gw:
            talk = await gw.connect()
            response = await talk.ask(raw)
            ended = response.get("connection") == "close" and await talk.ended()
            return response, ended, up.connections

    return play(run())


@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize(
    "body",
    [b"Content-Length: 6\r\n\r\nabcdef", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"],
)
def test_a_body_over_the_limit_is_413_and_ends_the_connection(buffered: bool, body: bytes) -> None:
    raw = b"POST / HTTP/1.1\r\n" + HOST + b"Accept: application/json\r\n" + body
    response, ended, connections = _limited(raw, request_buffering=buffered)
    assert (response.status, ended, connections) == (413, True, 0)
    assert b'"message":"Payload too large"' in response.body


def test_a_body_of_the_limit_passes() -> None:
    response, _, _ = _limited(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nabcde")
    assert response.status == 200


@pytest.mark.parametrize("buffered", [True, False])
def test_the_gateway_itself_says_100_continue(buffered: bool) -> None:
    async def run() -> tuple[bytes, Response]:
        async with upstream_server(echo()) as up, gateway(one_route(up.port, request_buffering=buffered)) as gw:
            talk = await gw.connect()
            await talk.send(b"PUT / HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
            interim = await talk.head()
            return interim, await talk.ask(b"abc")

    interim, response = play(run())
    assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert response.body.endswith(b"\r\n\r\nabc")
    assert b"expect" not in response.body.lower()


def test_nothing_is_said_to_continue_when_the_answer_is_already_no() -> None:
    async def run() -> tuple[Response, bool]:
        async with gateway({}) as gw:
            talk = await gw.connect()
            raw = b"PUT / HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"
            return await talk.ask(raw), await talk.ended()

    response, ended = play(run())
    assert (response.status, response.get("connection"), ended) == (404, "close", True)


def test_a_small_unwanted_body_does_not_end_the_connection() -> None:
    async def run() -> list[int]:
        async with upstream_server(echo()) as up, gateway(one_route(up.port, methods=["GET"])) as gw:
            talk = await gw.connect()
            await talk.send(b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 40000\r\n\r\n" + bytes(10_000))
            first = await talk.response()
            await talk.send(bytes(30_000))
            return [first.status, (await talk.get("/")).status]

    assert play(run()) == [404, 200]


def test_a_large_unwanted_body_ends_the_connection_after_the_answer() -> None:
    async def run() -> tuple[Response, bool]:
        async with gateway({}) as gw:
            talk = await gw.connect()
            await talk.send(b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 10000000\r\n\r\n" + bytes(200_000))
            return await talk.response(), await talk.ended()

    response, ended = play(run())
    assert (response.status, response.get("connection"), ended) == (404, "close", True)


def test_an_early_answer_is_passed_on_and_ends_both_connections() -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        await talk.rest()

    async def run() -> tuple[Response, bool, int]:
        async with upstream_server(script) as up, gateway(one_route(up.port, request_buffering=False)) as gw:
            talk = await gw.connect()
            await talk.send(b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 10000000\r\n\r\nabc")
            response = await talk.response()
            return response, await talk.ended(), len(gw.engine._open(asyncio.get_running_loop()).pool)

    response, ended, pooled = play(run())
    assert (response.status, response.body, response.get("connection")) == (403, b"no", "close")
    assert (ended, pooled) == (True, 0)


def test_a_broken_chunk_in_a_streamed_body_aborts_the_upstream() -> None:
    async def run() -> tuple[Response, bool]:
        outcome: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        async def script(talk: Talk) -> None:
            await talk.head()
            try:
                await request_body(talk, b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                outcome.set_result(True)

        async with upstream_server(script) as up, gateway(one_route(up.port, request_buffering=False)) as gw:
            talk = await gw.connect()
            await talk.send(b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            await until(lambda: up.connections == 1, "the upstream is reached")
            response = await talk.ask(b"zz\r\n")
            return response, await asyncio.wait_for(outcome, 5)

    response, aborted = play(run())
    assert (response.status, response.get("connection"), aborted) == (400, "close", True)


FAST = Timeouts(head=0.2, first_byte=0.2, keepalive=0.2, body=0.2, client_write=0.3, linger=0.2)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        GET,
        b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab",
    ],
    ids=["no byte", "half a head", "idle after a request", "half a body"],
)
def test_a_client_that_stops_is_dropped_silently(raw: bytes) -> None:
    async def run() -> tuple[bytes, float]:
        script = says(OK + b"Content-Length: 0\r\n\r\n")
        async with upstream_server(script) as up, gateway(one_route(up.port), timeouts=FAST) as gw:
            talk = await gw.connect()
            if raw == GET:
                await talk.ask(raw)
            else:
                await talk.send(raw)
            began = asyncio.get_running_loop().time()
            return await talk.rest(), asyncio.get_running_loop().time() - began

    rest, seconds = play(run())
    assert rest == b""
    assert 0.15 < seconds < 2


def test_a_head_has_a_total_time_however_steadily_it_drips() -> None:
    async def run() -> float:
        async with gateway({}, timeouts=FAST) as gw:
            talk = await gw.connect()
            began = asyncio.get_running_loop().time()
            ended = asyncio.create_task(talk.ended())
            try:
                await talk.send(b"GET / HTTP/1.1\r\nX: ")
                while not ended.done():
                    await talk.send(b"a")
                    await asyncio.sleep(0.02)
            except ConnectionError:
                pass
            await ended
            return asyncio.get_running_loop().time() - began

    assert play(run()) < 2


def test_a_client_that_does_not_read_is_dropped() -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.send(OK + b"Content-Length: 100000000\r\n\r\n")
        while True:
            await talk.send(bytes(100_000))

    async def run() -> None:
        async with upstream_server(script) as up, gateway(one_route(up.port), timeouts=FAST) as gw:
            talk = await gw.connect()
            await talk.send(GET)
            await talk.head()
            talk.writer.transport.pause_reading()  # type: ignore[attr-defined]
            await until(lambda: gw.engine.stats().active == 0, "the client is dropped")

    play(run())


def test_a_full_disk_under_an_upload_is_one_line_in_the_log_and_ends_one_request(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    size = 300_000
    head = b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % size

    async def run() -> tuple[Response, Response]:
        async with upstream_server(echo()) as up, gateway(one_route(up.port)) as gw:
            with monkeypatch.context() as full:
                full.setattr(tempfile, "TemporaryFile", partial(open, "/dev/full", "w+b"))
                talk = await gw.connect()
                await talk.send(head)
                await talk.send(b"x" * size)
                refused = await talk.response()
            return refused, await gw.ask(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")

    refused, after = play(run())
    assert (refused.status, after.status) == (500, 200)
    (line,) = [record for record in caplog.records if "temporary file" in record.message]
    assert "No space left on device" in line.message
    assert not any(record.exc_info for record in caplog.records)
