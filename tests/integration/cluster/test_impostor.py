"""A program that pretends to be the control plane learns nothing (reliability.md S7)."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

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
