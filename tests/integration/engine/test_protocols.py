"""TLS on both sides and WebSocket tunnels (proxy.md 2.4, 10, 11.5)."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from gwctl.engine.config import Timeouts
from tests.integration.engine.world import (
    Response,
    Talk,
    client_tls,
    echo,
    gateway,
    one_route,
    play,
    says,
    until,
    upstream_server,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_a_tls_listener(server_tls: ssl.SSLContext) -> None:
    async def run() -> Response:
        async with (
            upstream_server(echo()) as up,
            gateway(one_route(up.port, protocols=["https"]), tls=server_tls) as gw,
        ):
            talk = await gw.connect(client_tls(), "front.test")
            first = await talk.get("/")
            assert (await talk.get("/")).status == 200
            return first

    response = play(run())
    assert response.status == 200
    assert b"X-Forwarded-Proto: https\r\n" in response.body


def test_server_names_route(server_tls: ssl.SSLContext) -> None:
    async def run() -> list[int]:
        records = one_route(1, protocols=["https"], snis=["front.test"])
        records["routes"][0]["service"] = None
        async with gateway(records, tls=server_tls) as gw:
            talks = [await gw.connect(client_tls(), name) for name in ("front.test", "other.test")]
            return [(await talk.get("/")).status for talk in talks]

    assert play(run()) == [503, 404]


def test_a_tls_upstream_gets_the_name_and_is_reused(server_tls: ssl.SSLContext) -> None:
    names: list[str | None] = []
    server_tls.sni_callback = lambda _, name, __: names.append(name)

    async def run(**values: object) -> tuple[list[int], int]:
        to = {"protocol": "https", "host": "localhost"}
        async with upstream_server(echo(), server_tls) as up, gateway(one_route(up.port, to=to, **values)) as gw:
            talk = await gw.connect()
            statuses = [(await talk.get("/", host="front.test:81")).status for _ in range(3)]
            return statuses, up.connections

    try:
        assert play(run()) == ([200] * 3, 1)
        assert play(run(preserve_host=True)) == ([200] * 3, 1)
    finally:
        server_tls.sni_callback = None
    assert names == ["localhost", "front.test"]


def test_a_tls_upstream_by_address_gets_no_name(server_tls: ssl.SSLContext) -> None:
    names: list[str | None] = []
    server_tls.sni_callback = lambda _, name, __: names.append(name)

    async def run() -> int:
        to = {"protocol": "https"}
        async with upstream_server(echo(), server_tls) as up, gateway(one_route(up.port, to=to)) as gw:
            return (await gw.get("/")).status

    try:
        assert play(run()) == 200
    finally:
        server_tls.sni_callback = None
    assert names == [None]


def test_verification_refuses_an_unknown_certificate(server_tls: ssl.SSLContext) -> None:
    async def run() -> int:
        to = {"protocol": "https", "tls_verify": True}
        async with upstream_server(echo(), server_tls) as up, gateway(one_route(up.port, to=to)) as gw:
            return (await gw.get("/")).status

    assert play(run()) == 502


def test_a_plain_upstream_behind_https_is_502() -> None:
    async def script(talk: Talk) -> None:
        await talk.send(b"HTTP/1.1 400 No\r\n\r\n")

    async def run() -> int:
        async with upstream_server(script) as up, gateway(one_route(up.port, to={"protocol": "https"})) as gw:
            return (await gw.get("/")).status

    assert play(run()) == 502


UPGRADE = (
    b"GET /chat HTTP/1.1\r\nHost: gw.test\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n"
)


def test_a_tunnel_after_101() -> None:
    heads: list[bytes] = []

    async def script(talk: Talk) -> None:
        heads.append(await talk.head())
        await talk.send(SWITCH + b"hello")
        assert await talk.exactly(4) == b"ping"
        await talk.send(b"pong")
        assert await talk.ended()
        heads.append(b"ended")

    async def run() -> Response:
        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            response = await talk.ask(UPGRADE)
            assert await talk.exactly(5) == b"hello"
            await talk.send(b"ping")
            assert await talk.exactly(4) == b"pong"
            talk.close()
            await until(lambda: len(heads) == 2, "the upstream hears of the end")
            assert len(gw.engine._open(asyncio.get_running_loop()).pool) == 0
            return response

    response = play(run())
    assert (response.status, response.get("upgrade"), response.get("connection")) == (101, "websocket", "upgrade")
    assert response.get("via") == "1.1 kong/3.8.1"
    assert response.get("sec-websocket-accept") == "x"
    assert b"Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" in heads[0]


def test_a_tunnel_ends_when_the_upstream_ends() -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.send(SWITCH + b"bye")

    async def run() -> bytes:
        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            await talk.ask(UPGRADE)
            return await talk.rest()

    assert play(run()) == b"bye"


def test_a_silent_tunnel_ends_after_the_read_timeout() -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.send(SWITCH)
        await talk.rest()

    async def run() -> bool:
        async with upstream_server(script) as up, gateway(one_route(up.port, to={"read_timeout": 200})) as gw:
            talk = await gw.connect()
            await talk.ask(UPGRADE)
            return await talk.ended()

    assert play(run())


def test_bytes_before_the_switch_are_dropped() -> None:
    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.send(SWITCH)
        await talk.send(await talk.exactly(4))

    async def run() -> bytes:
        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            await talk.ask(UPGRADE + b"early")
            await talk.send(b"late")
            return await talk.rest()

    assert play(run()) == b"late"


def test_a_refused_upgrade_is_an_ordinary_response() -> None:
    async def run() -> list[int]:
        refused = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
        async with upstream_server(says(refused, OK)) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            return [(await talk.ask(UPGRADE)).status, (await talk.get("/")).status]

    assert play(run()) == [403, 200]


def test_plain_http_on_a_tls_listener_is_told_so(server_tls: ssl.SSLContext) -> None:
    async def run() -> tuple[Response, bool]:
        async with upstream_server(echo()) as up, gateway(one_route(up.port), tls=server_tls) as gw:
            talk = await gw.connect()
            return await talk.get("/"), await talk.ended()

    response, ended = play(run())
    assert (response.status, response.get("connection"), ended) == (400, "close", True)
    assert response.body.startswith(b"The plain HTTP request was sent to HTTPS port\nrequest_id: ")


@pytest.mark.parametrize("hello", [b"", b"\x16\x03\x01", b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"])
def test_a_client_without_a_handshake_is_dropped_and_others_are_served(
    server_tls: ssl.SSLContext, hello: bytes
) -> None:
    async def run() -> tuple[bool, int]:
        limits = Timeouts(first_byte=0.3, head=0.3)
        async with upstream_server(echo()) as up, gateway(one_route(up.port), tls=server_tls, timeouts=limits) as gw:
            silent = await gw.connect()
            await silent.send(hello)
            talk = await gw.connect(client_tls(), "front.test")
            status = (await talk.get("/")).status
            return (await silent.rest())[:1] in (b"", b"\x15"), status  # nothing, or the alert that says what was wrong

    assert play(run()) == (True, 200)


def test_a_client_that_goes_before_its_handshake_leaves_nothing(server_tls: ssl.SSLContext) -> None:
    async def run() -> None:
        async with gateway({}, tls=server_tls) as gw:
            for _ in range(20):
                (await gw.connect()).reset()
            server = gw.engine._greeters[0]
            await until(lambda: server.greeting == 0, "no handshake is waited for")
            assert (await (await gw.connect(client_tls(), "front.test")).get("/")).status == 404

    play(run())
