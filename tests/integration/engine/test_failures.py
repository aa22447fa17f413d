"""Upstreams that fail: what clients get, and when another try is made (proxy.md 5; reliability.md F35, F36, F38)."""

from __future__ import annotations

import asyncio
import socket

import pytest

from gwctl.engine.proxy.exchange import Exchange
from tests.integration.engine.records import route, service, target, upstream
from tests.integration.engine.world import (
    Response,
    Script,
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

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _resets(talk: Talk) -> None:
    await talk.head()
    talk.reset()


async def _silent(talk: Talk) -> None:
    await talk.head()
    await talk.rest()


def _ask(script: Script, raw: bytes, method: str = "GET", **to: object) -> tuple[Response, int]:
    """The answer to ``raw`` and the number of connections that the upstream saw."""

    async def run() -> tuple[Response, int]:
        async with upstream_server(script) as up, gateway(one_route(up.port, to=to)) as gw:
            return await gw.ask(raw, method), up.connections

    return play(run())


GET = b"GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 3\r\n\r\nabc"


def test_refused_connections_end_in_502_that_shows_a_chosen_peer() -> None:
    async def run() -> Response:
        async with gateway(one_route(_free_port(), to={"retries": 1})) as gw:
            return await gw.get("/", "Accept: */*")

    response = play(run())
    assert response.status == 502
    assert b'"message":"An invalid response was received from the upstream server"' in response.body
    assert response.get("x-kong-upstream-latency") is not None
    assert response.get("x-kong-proxy-latency") is not None
    assert response.get("x-kong-response-latency") is None
    assert response.get("via") == "1.1 kong/3.8.1"
    assert response.get("connection") == "keep-alive"


@pytest.mark.parametrize("script", [says(), _resets, says(b"")], ids=["closes at once", "resets", "closes"])
@pytest.mark.parametrize(("method", "tries"), [("GET", 4), ("PUT", 4), ("POST", 1), ("PATCH", 1)])
def test_a_connection_without_an_answer_is_tried_again_when_that_is_safe(
    script: Script, method: str, tries: int
) -> None:
    raw = f"{method} / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 3\r\n\r\nabc".encode()
    response, connections = _ask(script, raw, retries=3)
    assert response.status == 502
    assert connections == tries


def test_a_later_try_can_succeed_with_the_same_body() -> None:
    async def run() -> Response:
        first = True

        async def script(talk: Talk) -> None:
            nonlocal first
            head = await talk.head()
            body = await request_body(talk, head)
            if first:
                first = False
                talk.reset()
                return
            await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:
            return await gw.ask(b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")

    response = play(run())
    assert (response.status, response.body) == (200, b"abc")


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_a_status_is_never_a_reason_to_try_again(status: int) -> None:
    answer = b"HTTP/1.1 %d Their Words\r\nContent-Length: 0\r\n\r\n" % status
    response, connections = _ask(says(answer), GET)
    assert (response.status, response.reason, connections) == (status, "Their Words", 1)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 40000 + b"\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: 1\nSet-Cookie: evil\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["no HTTP", "two lengths", "length and coding", "large head", "101 unasked", "bare LF"],
)
def test_an_invalid_response_is_502_without_another_try(answer: bytes) -> None:
    response, connections = _ask(says(answer), GET, retries=3)
    assert (response.status, connections) == (502, 1)


def test_interim_responses_are_skipped() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\n"
    response, _ = _ask(says(interim + OK), GET)
    assert (response.status, response.body) == (200, b"ok")


def _timed(script: Script, raw: bytes, **to: object) -> tuple[Response, int, float]:
    async def run() -> tuple[Response, int, float]:
        async with upstream_server(script) as up, gateway(one_route(up.port, to=to)) as gw:
            began = asyncio.get_running_loop().time()
            response = await gw.ask(raw)
            return response, up.connections, asyncio.get_running_loop().time() - began

    return play(run())


def test_a_read_timeout_is_504_after_its_time_and_counts_as_a_try() -> None:
    response, connections, seconds = _timed(_silent, GET, read_timeout=200, retries=1)
    assert (response.status, response.reason, connections) == (504, "Gateway Time-out", 2)
    assert b"The upstream server is timing out" in response.body
    assert 0.4 <= seconds < 0.8


def test_every_try_that_timed_out_is_remembered_as_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    remembered: list[tuple[str, int]] = []
    close = Exchange.close

    def note(exchange: Exchange, *, failed_as: int) -> None:
        remembered.extend((attempt.state, attempt.code) for attempt in exchange.failed or ())
        close(exchange, failed_as=failed_as)

    monkeypatch.setattr(Exchange, "close", note)
    response, _ = _ask(_silent, GET, read_timeout=100, retries=2)
    assert response.status == 504
    assert remembered == [("failed", 504)] * 3


def test_a_read_timeout_of_post_is_not_tried_again() -> None:
    response, connections, _ = _timed(_silent, POST, read_timeout=100, retries=3)
    assert (response.status, connections) == (504, 1)


def test_a_connect_timeout_is_504() -> None:
    """A listener whose queue is full lets connections hang."""

    async def run() -> tuple[Response, float]:
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            address = full.getsockname()
            fillers = [socket.socket() for _ in range(4)]
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(address)
            async with gateway(one_route(address[1], to={"connect_timeout": 200, "retries": 0})) as gw:
                began = asyncio.get_running_loop().time()
                response = await gw.get("/")
                seconds = asyncio.get_running_loop().time() - began
            for filler in fillers:
                filler.close()
            return response, seconds

    response, seconds = play(run())
    assert response.status == 504
    assert 0.19 <= seconds < 0.6


def test_a_send_timeout_is_504() -> None:
    async def deaf(talk: Talk) -> None:
        talk.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(30)

    async def run() -> Response:
        to = {"write_timeout": 200, "retries": 0}
        async with upstream_server(deaf) as up, gateway(one_route(up.port, to=to)) as gw:
            size = 32 * 1024 * 1024
            talk = await gw.connect()
            await talk.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))
            return await talk.response()

    assert play(run()).status == 504


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\nzz\r\n",
    ],
    ids=["length", "chunked", "bad chunk"],
)
@pytest.mark.parametrize("reset", [False, True])
def test_a_body_that_breaks_off_never_looks_complete(start: bytes, reset: bool) -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.send(start)
        if reset:
            talk.reset()

    async def run() -> None:
        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await talk.get("/")

    play(run())


def test_a_reset_is_no_end_of_a_body_that_ends_with_its_connection() -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.send(b"HTTP/1.1 200 OK\r\n\r\npart")
        await asyncio.sleep(0.05)  # so that the reset does not overtake the bytes
        talk.reset()

    async def run() -> None:
        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await talk.get("/")

    play(run())


def test_a_body_that_breaks_off_is_reset_for_an_old_client() -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n")

    async def run() -> None:
        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            await talk.send(b"GET / HTTP/1.0\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                await talk.rest()

    play(run())


def test_a_body_that_stops_is_cut_after_the_read_timeout() -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
        await talk.rest()

    async def run() -> None:
        async with upstream_server(script) as up, gateway(one_route(up.port, to={"read_timeout": 200})) as gw:
            talk = await gw.connect()
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await talk.get("/")

    play(run())


def test_connections_are_reused_but_not_after_doubt() -> None:
    async def run(first: bytes) -> int:
        async with upstream_server(says(first, OK, OK)) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            for _ in range(3):
                await talk.get("/")
            return up.connections

    assert play(run(OK)) == 1
    assert play(run(OK + b"surplus")) == 3
    assert play(run(OK.replace(b"Content-Length", b"Connection: close\r\nContent-Length"))) == 3
    assert play(run(OK.replace(b"HTTP/1.1", b"HTTP/1.0"))) == 3


def test_a_stale_connection_costs_no_try() -> None:
    """The upstream closes idle connections just when the next request comes."""

    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.send(OK)
        await talk.head()
        talk.reset()

    async def run() -> tuple[list[int], int]:
        async with upstream_server(script) as up, gateway(one_route(up.port, to={"retries": 0})) as gw:
            talk = await gw.connect()
            statuses = [(await talk.get("/")).status for _ in range(20)]
            return statuses, up.connections

    statuses, connections = play(run())
    assert statuses == [200] * 20
    assert connections == 20


def test_a_stale_connection_is_never_given_a_post_twice() -> None:
    seen: list[bytes] = []

    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.send(OK)
        seen.append(await talk.head())
        talk.reset()

    async def run() -> int:
        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            await talk.get("/")
            return (await talk.ask(POST)).status

    assert play(run()) == 502
    assert len(seen) == 1


def test_an_idle_connection_that_the_upstream_closes_is_forgotten() -> None:
    async def run() -> tuple[int, int]:
        async with upstream_server(says(OK)) as up, gateway(one_route(up.port, to={"retries": 0})) as gw:
            talk = await gw.connect()
            await talk.get("/")
            pool = gw.engine._open(asyncio.get_running_loop()).pool
            await until(lambda: len(pool) == 0, "the pool forgets it")
            return (await talk.ask(POST)).status, up.connections

    assert play(run()) == (200, 2)


def test_pool_settings_bound_reuse() -> None:
    async def run(environ: dict[str, str]) -> int:
        script = says(*[OK] * 9)
        async with upstream_server(script) as up, gateway(one_route(up.port), environ=environ) as gw:
            talk = await gw.connect()
            for _ in range(6):
                await talk.get("/")
            return up.connections

    assert play(run({"GWCTL_UPSTREAM_KEEPALIVE_POOL_SIZE": "0"})) == 6
    assert play(run({"GWCTL_UPSTREAM_KEEPALIVE_MAX_REQUESTS": "2"})) == 3
    assert play(run({})) == 1


def test_the_pool_keeps_no_more_connections_than_it_may() -> None:
    async def run() -> tuple[int, int]:
        waiting = asyncio.Barrier(4)

        async def script(talk: Talk) -> None:
            await talk.head()
            await waiting.wait()
            await talk.send(OK)
            await talk.rest()

        environ = {"GWCTL_UPSTREAM_KEEPALIVE_POOL_SIZE": "2"}
        async with upstream_server(script) as up, gateway(one_route(up.port), environ=environ) as gw:
            await asyncio.gather(*(gw.get("/") for _ in range(4)))
            return up.connections, len(gw.engine._open(asyncio.get_running_loop()).pool)

    assert play(run()) == (4, 2)


def test_an_idle_connection_is_closed_after_its_time() -> None:
    async def run() -> None:
        closed = asyncio.Event()

        async def script(talk: Talk) -> None:
            await talk.head()
            await talk.send(OK)
            await talk.rest()
            closed.set()

        environ = {"GWCTL_UPSTREAM_KEEPALIVE_IDLE_TIMEOUT": "0.1"}
        async with upstream_server(script) as up, gateway(one_route(up.port), environ=environ) as gw:
            await gw.get("/")
            await asyncio.wait_for(closed.wait(), 5)

    play(run())


def test_a_client_that_leaves_cancels_its_upstream() -> None:
    async def run() -> None:
        began, ended = asyncio.Event(), asyncio.Event()

        async def script(talk: Talk) -> None:
            await talk.head()
            began.set()
            assert await talk.ended()
            ended.set()

        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            await talk.send(GET)
            await asyncio.wait_for(began.wait(), 5)
            talk.close()
            await asyncio.wait_for(ended.wait(), 5)
            await until(lambda: gw.engine.stats().active == 0, "the connection is gone")
            assert up.connections == 1

    play(run())


def test_names_that_do_not_resolve_are_503() -> None:
    async def run() -> Response:
        made = service("gone", "does-not-exist.invalid", 80)
        async with gateway({"services": [made], "routes": [route("gone", made, paths=["/"])]}) as gw:
            return await gw.get("/")

    response = play(run())
    assert response.status == 503
    assert b'"message":"name resolution failed"' in response.body
    assert response.get("x-kong-response-latency") is not None


def _balanced(weights: dict[int, int], retries: int = 5) -> dict[str, list[dict[str, object]]]:
    ring = upstream("ring")
    made = service("ring", "ring", 1, retries=retries)
    return {
        "upstreams": [ring],
        "targets": [target(ring, f"127.0.0.1:{port}", weight) for port, weight in weights.items()],
        "services": [made],
        "routes": [route("ring", made, paths=["/"])],
    }


def test_targets_share_by_weight() -> None:
    async def run() -> list[int]:
        async with upstream_server(echo()) as one, upstream_server(echo()) as two, upstream_server(echo()) as none:
            weights = {one.port: 100, two.port: 50, none.port: 0}
            async with gateway(_balanced(weights)) as gw:
                talk = await gw.connect()
                bodies = [(await talk.get("/")).body for _ in range(30)]
            ports = (one.port, two.port, none.port)
            return [sum(b"Host: 127.0.0.1:%d\r\n" % port in body for body in bodies) for port in ports]

    assert play(run()) == [20, 10, 0]


@pytest.mark.parametrize("weights", [{}, {1: 0}])
def test_without_a_target_the_answer_is_503(weights: dict[int, int]) -> None:
    async def run() -> Response:
        async with gateway(_balanced(weights)) as gw:
            return await gw.get("/")

    response = play(run())
    assert response.status == 503
    assert b"failure to get a peer from the ring-balancer" in response.body


def test_a_try_goes_to_another_target_with_its_host() -> None:
    async def run() -> list[Response]:
        async with upstream_server(echo()) as up:
            records = _balanced({up.port: 1, _free_port(): 1}, retries=1)
            async with gateway(records) as gw:
                talk = await gw.connect()
                return [await talk.get("/") for _ in range(10)]

    assert [response.status for response in play(run())] == [200] * 10
