"""Programs that pretend: as the control plane they learn nothing (reliability.md S7), as a data plane they disturb
nobody."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cluster.world import World, run, trust


def test_an_impostor_gets_no_byte(tmp_path: Path, caplog: Any) -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())
        writer.close()

    async def scenario(world: World) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trust("impostor").pair.load_into(context)
        async with await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context) as server:
            await world.start_plane(ports=[server.sockets[0].getsockname()[1]])
            await world.until(lambda: "presented another certificate" in caplog.text, "the data plane's line")
            await world.until(lambda: bool(heard), "the end of the connection")

    run(tmp_path, scenario)
    assert set(heard) == {b""}


UPGRADE = b"""GET /v1/gwctl HTTP/1.1\r
Host: localhost\r
Upgrade: websocket\r
Connection: Upgrade\r
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
Sec-WebSocket-Version: 13\r
Sec-WebSocket-Protocol: gwctl.1\r
\r
"""


@pytest.mark.parametrize("garbage", [b"\xff\xff\xff\xff", b"\x82\x05hello", b"GET / HTTP/1.1\r\n\r\n"])
def test_garbage_behind_the_upgrade_request_ends_quietly(tmp_path: Path, caplog: Any, garbage: bytes) -> None:
    async def scenario(world: World) -> None:
        await world.start_hub()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        trust().pair.load_into(context)
        reader, writer = await asyncio.open_connection("127.0.0.1", world.port, ssl=context)
        writer.write(UPGRADE + garbage)
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(reader.read(), 10)
        writer.close()
        plane = await world.start_plane()
        await world.until(plane.in_step, "a real data plane is served")

    run(tmp_path, scenario)
    assert "Traceback" not in caplog.text
