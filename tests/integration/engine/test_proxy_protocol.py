"""Listeners behind a balancer that speaks the PROXY protocol (proxy.md 2.3, 11.7)."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest

from gwctl.engine.config import Timeouts
from tests.integration.engine.world import (
    Response,
    client_tls,
    echo,
    gateway,
    one_route,
    play,
    until,
    upstream_server,
)
from tests.unit.engine.test_preamble import FOUR, SIX, version_2

GET = b"GET / HTTP/1.1\r\nHost: gw.test\r\n"
LINE = b"PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\n"
TRUSTED = {"GWCTL_REAL_IP_HEADER": "proxy_protocol", "GWCTL_TRUSTED_IPS": "127.0.0.1"}


def _asked(raw: bytes, environ: dict[str, str] | None = None, pieces: int = 1, again: bytes = b"") -> Response:
    """The answer to ``raw`` sent in ``pieces``, or to ``again`` on the same connection."""

    async def run() -> Response:
        async with (
            upstream_server(echo()) as up,
            gateway(one_route(up.port), environ=environ, proxy_protocol=True) as gw,
        ):
            talk = await gw.connect()
            talk.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            size = -(-len(raw) // pieces)
            for start in range(0, len(raw), size):
                await talk.send(raw[start : start + size])
                if pieces > 1:
                    await asyncio.sleep(0.002)
            response = await talk.response()
            return await talk.ask(again) if again else response

    return play(run())


@pytest.mark.parametrize(
    ("header", "client"),
    [
        (LINE, b"192.0.2.1"),
        (b"PROXY TCP6 2001:db8::1 2001:db8::2 1000 80\r\n", b"2001:db8::1"),
        (version_2(0x11, FOUR + b"\x04\0\x03abc"), b"192.0.2.1"),
        (version_2(0x21, SIX), b"2001:db8::1"),
        (b"PROXY UNKNOWN\r\n", b"127.0.0.1"),
        (version_2(0x11, FOUR, command=0x20), b"127.0.0.1"),
    ],
    ids=["1 IPv4", "1 IPv6", "2 IPv4", "2 IPv6", "1 unknown", "2 local"],
)
@pytest.mark.parametrize("pieces", [1, 40])
def test_a_trusted_balancer_names_the_client(header: bytes, client: bytes, pieces: int) -> None:
    body = _asked(header + GET + b"\r\n", TRUSTED, pieces).body
    assert body.startswith(b"GET / HTTP/1.1\r\n")
    assert b"X-Real-IP: %b\r\n" % client in body
    assert b"X-Forwarded-For: %b\r\n" % client in body


def test_the_name_holds_for_the_whole_connection_and_the_port_is_the_listeners() -> None:
    body = _asked(LINE + GET + b"\r\n", TRUSTED, again=GET + b"\r\n").body
    assert b"X-Real-IP: 192.0.2.1\r\n" in body
    assert b"X-Forwarded-Port: 80\r\n" not in body


def test_addresses_that_clients_send_are_followed_by_the_balancers() -> None:
    body = _asked(LINE + GET + b"X-Forwarded-For: 198.51.100.7\r\n\r\n", TRUSTED).body
    assert b"X-Real-IP: 192.0.2.1\r\n" in body
    assert b"X-Forwarded-For: 198.51.100.7, 127.0.0.1\r\n" in body


@pytest.mark.parametrize(
    "environ",
    [{}, {"GWCTL_REAL_IP_HEADER": "proxy_protocol"}, {"GWCTL_TRUSTED_IPS": "127.0.0.1"}],
    ids=["nothing set", "nobody trusted", "another header"],
)
def test_others_are_not_believed(environ: dict[str, str]) -> None:
    assert b"X-Real-IP: 127.0.0.1\r\n" in _asked(LINE + GET + b"\r\n", environ).body


@pytest.mark.parametrize(
    "raw",
    [GET + b"\r\n", b"PROXY TCP4 nonsense\r\n" + GET + b"\r\n", version_2(0x11, FOUR + b"\x04\0\x04abc"), b""],
    ids=["no header", "a broken line", "a spilling extension", "nothing at all"],
)
def test_without_a_sound_header_nothing_is_served(raw: bytes) -> None:
    async def run() -> tuple[bytes, int]:
        limits = Timeouts(head=0.3)
        async with (
            upstream_server(echo()) as up,
            gateway(one_route(up.port), timeouts=limits, proxy_protocol=True) as gw,
        ):
            talk = await gw.connect()
            await talk.send(raw)
            try:
                answer = await talk.rest()
            except ConnectionError:
                answer = b""
            await until(lambda: gw.engine.greeting == 0, "the connection is forgotten")
            return answer, up.connections

    assert play(run()) == (b"", 0)


def test_the_header_has_a_time_however_steadily_it_drips() -> None:
    async def run() -> bool:
        async with gateway({}, timeouts=Timeouts(head=0.3), proxy_protocol=True) as gw:
            talk = await gw.connect()
            ended = asyncio.create_task(talk.ended())
            try:
                for byte in b"PROXY UNKNOWN " + b"x" * 90:
                    if ended.done():
                        break
                    await talk.send(bytes([byte]))
                    await asyncio.sleep(0.02)
            except ConnectionError:
                pass
            return await ended

    assert play(run())


def test_a_header_means_nothing_where_none_is_expected() -> None:
    async def run() -> Response:
        async with upstream_server(echo()) as up, gateway(one_route(up.port)) as gw:
            return await gw.ask(LINE + GET + b"\r\n")

    assert play(run()).status == 400


def test_it_comes_before_tls(server_tls: ssl.SSLContext) -> None:
    async def run() -> tuple[bytes, int]:
        async with (
            upstream_server(echo()) as up,
            gateway(one_route(up.port), environ=TRUSTED, tls=server_tls, proxy_protocol=True) as gw,
        ):
            loop = asyncio.get_running_loop()
            raw = socket.create_connection(("127.0.0.1", gw.port))
            raw.setblocking(False)
            await loop.sock_sendall(raw, LINE)
            reader, writer = await asyncio.open_connection(sock=raw, ssl=client_tls(), server_hostname="front.test")
            writer.write(GET + b"Connection: close\r\n\r\n")
            body = await asyncio.wait_for(reader.read(), 10)
            writer.close()
            plain = await gw.connect()
            return body, (await plain.ask(LINE + GET + b"\r\n")).status

    body, status = play(run())
    assert b"X-Real-IP: 192.0.2.1\r\n" in body
    assert b"X-Forwarded-Proto: https\r\n" in body
    assert status == 400
