"""When tunnels open, how long they live, and what they hold (proxy.md 11.5; reliability.md S1.48, S1.54)."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from gwctl.engine.config import Timeouts
from tests.integration.engine.websocket_peers import UPGRADE
from tests.integration.engine.world import Response, Talk, echo, gateway, one_route, play, says, until, upstream_server

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"


async def _talkative(talk: Talk) -> None:
    await talk.head()
    await talk.send(SWITCH)
    for _ in range(10):
        await talk.send(b".")
        await asyncio.sleep(0.1)


def test_a_tunnel_in_which_only_the_upstream_speaks_is_not_silent() -> None:
    async def run() -> bytes:
        to = {"read_timeout": 3000, "write_timeout": 300}
        async with upstream_server(_talkative) as up, gateway(one_route(up.port, to=to)) as gw:
            talk = await gw.connect()
            await talk.ask(UPGRADE)
            return await talk.rest()

    assert play(run()) == b"." * 10


def test_a_tunnel_in_which_only_the_client_speaks_is_not_silent() -> None:
    seen: list[bytes] = []

    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.send(SWITCH)
        seen.append(await talk.rest())

    async def run() -> None:
        to = {"read_timeout": 800, "write_timeout": 300}
        async with upstream_server(script) as up, gateway(one_route(up.port, to=to)) as gw:
            talk = await gw.connect()
            await talk.ask(UPGRADE)
            for _ in range(12):
                await talk.send(b".")
                await asyncio.sleep(0.1)
            talk.close()
            await until(lambda: bool(seen), "the upstream hears of the end")

    play(run())
    assert seen == [b"." * 12]


def test_an_upstream_may_end_its_side_and_still_hear_the_client() -> None:
    seen: list[bytes] = []

    async def script(talk: Talk) -> None:
        await talk.head()
        await talk.send(SWITCH + b"last words")
        talk.writer.write_eof()
        seen.append(await talk.rest())

    async def run() -> bytes:
        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            await talk.ask(UPGRADE)
            heard = await talk.rest()
            await talk.send(b"answer")
            talk.writer.write_eof()
            await until(lambda: bool(seen), "the upstream hears the answer")
            await until(lambda: gw.engine.stats().active == 0, "nothing is left")
            return heard

    assert (play(run()), seen) == (b"last words", [b"answer"])


@pytest.mark.parametrize("side", ["client", "upstream"])
def test_a_reset_ends_the_tunnel_on_both_sides(side: str) -> None:
    async def run() -> None:
        open_, ended = asyncio.Event(), asyncio.Event()

        async def script(talk: Talk) -> None:
            await talk.head()
            await talk.send(SWITCH)
            await open_.wait()
            if side == "upstream":
                talk.reset()
            else:
                assert await talk.ended()
            ended.set()

        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            await talk.ask(UPGRADE)
            open_.set()
            if side == "client":
                talk.reset()
            else:
                with pytest.raises(ConnectionError):
                    await talk.rest()
            await asyncio.wait_for(ended.wait(), 10)
            await until(lambda: gw.engine.stats().active == 0, "nothing is left")

    play(run())


async def _pushed(talk: Talk) -> int:
    """Bytes that the other end takes before it stops taking any for a while."""
    talk.writer.transport.set_write_buffer_limits(0)
    pushed = 0
    while pushed < 60_000_000:
        talk.writer.write(bytes(100_000))
        try:
            await asyncio.wait_for(talk.writer.drain(), 0.5)
        except TimeoutError:
            break
        pushed += 100_000
    return pushed


@pytest.mark.parametrize("reader", ["client", "upstream"])
def test_who_does_not_read_holds_back_the_other(reader: str) -> None:
    """Memory stays bounded by two buffers and what the kernel keeps."""

    async def run() -> int:
        pushed = 0

        async def script(talk: Talk) -> None:
            nonlocal pushed
            await talk.head()
            await talk.send(SWITCH)
            if reader == "client":
                pushed = await _pushed(talk)
            else:
                talk.writer.transport.pause_reading()  # type: ignore[attr-defined]
                await asyncio.sleep(30)

        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            await talk.ask(UPGRADE)
            if reader == "client":
                talk.writer.transport.pause_reading()  # type: ignore[attr-defined]
                await until(lambda: pushed > 0, "the upstream is held back", 60)
            else:
                pushed = await _pushed(talk)
            return pushed

    assert play(run()) < 30_000_000


@pytest.mark.parametrize("reader", ["client", "upstream"])
def test_who_takes_nothing_for_its_write_timeout_ends_the_tunnel(reader: str) -> None:
    async def run() -> None:
        async def script(talk: Talk) -> None:
            await talk.head()
            await talk.send(SWITCH)
            if reader == "client":
                while True:
                    await talk.send(bytes(100_000))
            talk.writer.transport.pause_reading()  # type: ignore[attr-defined]
            await asyncio.sleep(30)

        to, limits = {"write_timeout": 300, "read_timeout": 60000}, Timeouts(client_write=0.3)
        async with upstream_server(script) as up, gateway(one_route(up.port, to=to), timeouts=limits) as gw:
            talk = await gw.connect()
            await talk.ask(UPGRADE)
            if reader == "client":
                talk.writer.transport.pause_reading()  # type: ignore[attr-defined]
            else:
                with contextlib.suppress(ConnectionError):
                    while True:
                        await talk.send(bytes(100_000))
            await until(lambda: gw.engine.stats().active == 0, "the tunnel is gone", 20)

    play(run())


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"Upgrade: h2c", "another protocol"),
        (b"Upgrade: websocket, h2c", "a choice of protocols"),
        (b"Upgrade: foo/2", "an unknown protocol"),
    ],
)
def test_other_upgrades_are_not_forwarded(line: bytes, why: str) -> None:
    response = _echoed(
        UPGRADE.replace(b"Upgrade: websocket", line).replace(
            b"Connection: Upgrade", b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"
        )
    )
    assert response.status == 200, why
    assert b"Upgrade" not in response.body
    assert b"HTTP2-Settings" not in response.body


@pytest.mark.parametrize(
    "raw",
    [
        UPGRADE.replace(b"HTTP/1.1", b"HTTP/1.0"),
        UPGRADE.replace(b"Connection: Upgrade", b"Connection: keep-alive"),
        UPGRADE.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\nabc"),
    ],
    ids=["HTTP/1.0", "not named in Connection", "with a body"],
)
def test_an_upgrade_that_cannot_be_is_an_ordinary_request(raw: bytes) -> None:
    response = _echoed(raw)
    assert response.status == 200
    assert b"Upgrade" not in response.body


def _echoed(raw: bytes) -> Response:
    async def run() -> Response:
        async with upstream_server(echo()) as up, gateway(one_route(up.port)) as gw:
            return await gw.ask(raw)

    return play(run())


@pytest.mark.parametrize(
    "head",
    [
        SWITCH.replace(b"Upgrade: websocket", b"Upgrade: h2c"),
        SWITCH.replace(b"Upgrade: websocket\r\n", b""),
        SWITCH.replace(b"Connection: upgrade\r\n", b""),
        SWITCH.replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
    ids=["to another protocol", "to nothing", "without Connection", "in HTTP/1.0"],
)
def test_a_switch_that_was_not_asked_for_opens_no_tunnel(head: bytes) -> None:
    async def run() -> tuple[int, int]:
        async with upstream_server(says(head)) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            return (await talk.ask(UPGRADE)).status, up.connections

    assert play(run()) == (502, 1)


def test_what_follows_a_refused_upgrade_is_the_next_request_and_no_tunnel() -> None:
    """Bytes that a client sends too early never reach an upstream behind a head that it did not accept."""
    seen: list[bytes] = []

    async def script(talk: Talk) -> None:
        seen.append(await talk.head())
        await talk.send(FORBIDDEN)
        seen.append(await talk.head())
        await talk.send(OK)

    async def run() -> tuple[list[int], bytes]:
        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            await talk.send(UPGRADE + b"GET /next HTTP/1.1\r\nHost: gw.test\r\n\r\n\x81\x85....")
            statuses = [(await talk.response()).status for _ in range(3)]
            return statuses, await talk.rest()

    assert play(run()) == ([403, 200, 400], b"")
    assert seen[1].startswith(b"GET /next HTTP/1.1\r\n")
    assert b"X-Forwarded-Path: /next\r\n" in seen[1]


def test_a_tunnel_lives_through_a_drain_until_its_deadline() -> None:
    async def run() -> tuple[bytes, bytes, bool]:
        async def script(talk: Talk) -> None:
            await talk.head()
            await talk.send(SWITCH)
            while data := await talk.reader.read(100):
                await talk.send(data)

        async with upstream_server(script) as up, gateway(one_route(up.port)) as gw:
            talk = await gw.connect()
            await talk.ask(UPGRADE)
            draining = asyncio.create_task(gw.engine.drain(1.5))
            await asyncio.sleep(0)
            await talk.send(b"during")
            during = await talk.exactly(6)
            await asyncio.sleep(0.9)
            await talk.send(b"later")
            later = await talk.exactly(5)
            await draining
            await gw.engine.stop()
            return during, later, await talk.ended()

    assert play(run()) == (b"during", b"later", True)
