"""What the engine records of requests."""

from __future__ import annotations

import pytest

from gwctl.engine.config import Timeouts
from gwctl.observe.access import AccessRecord
from tests.integration.engine.world import (
    Response,
    Script,
    Talk,
    gateway,
    one_route,
    play,
    says,
    until,
    upstream_server,
)


class Records(list[AccessRecord]):
    def write(self, record: AccessRecord) -> None:
        self.append(record)


def test_every_request_leaves_a_record() -> None:
    records = Records()

    async def run() -> list[str | None]:
        script = says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        async with upstream_server(script) as up, gateway(one_route(up.port, paths=["/a"]), access_log=records) as gw:
            talk = await gw.connect()
            served = await talk.get("/a?b", "Referer: http://r/", "User-Agent: t")
            missed = await talk.get("/none")
            refused = await talk.ask(b"BAD\r\n\r\n")
            await until(lambda: len(records) == 3, "three records")
            return [answer.get("x-kong-request-id") for answer in (served, missed, refused)]

    ids = play(run())
    served, missed, refused = records
    assert [record.request_id for record in records] == ids
    assert (served.request, served.status, served.body_bytes) == (b"GET /a?b HTTP/1.1", 200, 3)
    assert (served.client, served.referer, served.user_agent) == ("127.0.0.1", b"http://r/", b"t")
    assert (missed.status, missed.body_bytes > 50) == (404, True)
    assert (refused.request, refused.status) == (b"BAD", 400)


def test_a_client_that_leaves_is_logged_as_499() -> None:
    records = Records()

    async def silent(talk: Talk) -> None:
        await talk.head()
        await talk.rest()

    async def run() -> None:
        async with upstream_server(silent) as up, gateway(one_route(up.port), access_log=records) as gw:
            talk = await gw.connect()
            await talk.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await until(lambda: up.connections == 1, "the upstream is reached")
            talk.close()
            await until(lambda: len(records) == 1, "the record")

    play(run())
    assert records[0].status == 499


def test_the_client_of_a_record_is_the_real_one() -> None:
    records = Records()

    async def run() -> None:
        async with gateway({}, access_log=records, environ={"GWCTL_TRUSTED_IPS": "127.0.0.1"}) as gw:
            await gw.get("/", "X-Real-IP: 9.9.9.9")

    play(run())
    assert records[0].client == "9.9.9.9"


REFUSED = {
    "no host": (b"GET /x HTTP/1.1\r\nUser-Agent: ua\r\nReferer: r\r\n\r\n", b"GET /x HTTP/1.1", 400, b"ua", b"r"),
    "junk": (b"\x01\x02junk\r\n\r\n", b"\x01\x02junk", 400, b"", b""),
    "long target": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", b"GET /" + b"a" * 2043, 414, b"", b""),
    "large head": (
        b"GET /y HTTP/1.1\r\nHost: x\r\nuser-agent:  ua \r\nX: " + b"a" * 9000 + b"\r\n\r\n",
        b"GET /y HTTP/1.1",
        400,
        b"ua",
        b"",
    ),
    "TRACE": (b"TRACE / HTTP/1.1\r\nHost: x\r\nUser-Agent: t\r\n\r\n", b"TRACE / HTTP/1.1", 405, b"t", b""),
}


@pytest.mark.parametrize(("raw", "line", "status", "agent", "referer"), REFUSED.values(), ids=REFUSED)
def test_a_request_that_was_refused_leaves_what_is_known_of_it(
    raw: bytes, line: bytes, status: int, agent: bytes, referer: bytes
) -> None:
    """nginx logs what it had read of such a request."""
    records = Records()

    async def run() -> None:
        async with gateway({}, access_log=records) as gw:
            await gw.ask(raw)

    play(run())
    (record,) = records
    assert (record.request, record.status, record.user_agent, record.referer) == (line, status, agent, referer)


def test_a_head_that_never_ends_is_logged_as_408_and_nobody_is_told() -> None:
    records = Records()

    async def run() -> bytes:
        async with gateway({}, access_log=records, timeouts=Timeouts(head=0.2)) as gw:
            talk = await gw.connect()
            await talk.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n")
            return await talk.rest()

    assert play(run()) == b""
    assert [(record.request, record.status, record.body_bytes) for record in records] == [
        (b"GET /slow HTTP/1.1", 408, 0)
    ]


def test_a_connection_that_never_asks_leaves_no_record() -> None:
    records = Records()

    async def run() -> bytes:
        async with gateway({}, access_log=records, timeouts=Timeouts(first_byte=0.1)) as gw:
            return await (await gw.connect()).rest()

    assert play(run()) == b""
    assert records == []


def test_the_error_log_names_requests_that_were_refused(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "gwctl.engine")

    async def run() -> str | None:
        async with gateway({}) as gw:
            return (await gw.ask(b"GET / HTTP/1.1\r\n\r\n")).get("x-kong-request-id")

    request_id = play(run())
    assert f"request_id: {request_id}" in caplog.text


async def _resets(talk: Talk) -> None:
    await talk.head()
    talk.reset()


async def _is_slow(talk: Talk) -> None:
    await talk.head()
    await talk.rest()


async def _is_away(talk: Talk) -> None:
    await talk.head()
    await talk.send(b"HTTP/1.1 503 Away\r\nContent-Length: 4\r\n\r\naway")


FAILURES = {
    "13 14 502": (_resets, {}, 502, None),
    "15 503 of the upstream": (_is_away, {}, 503, 4),
    "16 17 24 504": (_is_slow, {"read_timeout": 100}, 504, None),
}


@pytest.mark.parametrize(("script", "service", "status", "size"), FAILURES.values(), ids=FAILURES)
def test_failures_of_upstreams_are_logged_with_what_was_asked(
    script: Script, service: dict[str, object], status: int, size: int | None
) -> None:
    """List 04: what a log sees of a request is what the client sent, whatever came of it."""
    records = Records()

    async def run() -> Response:
        async with upstream_server(script) as up:
            made = one_route(up.port, to={"retries": 0, **service}, paths=["/api"], strip_path=True)
            async with gateway(made, access_log=records) as gw:
                return await gw.get("/api/x/../y?a=%2F", "User-Agent: ua")

    response = play(run())
    (record,) = records
    assert (response.status, record.status) == (status, status)
    assert (record.request, record.user_agent) == (b"GET /api/x/../y?a=%2F HTTP/1.1", b"ua")
    assert record.body_bytes == (len(response.body) if size is None else size)
    assert record.request_id == response.get("x-kong-request-id")
