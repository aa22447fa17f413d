"""The four ways of buffering a route: what waits for what (proxy.md 2.5, 17.3/27-unbuffered)."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.engine.world import Talk, gateway, one_route, play, request_body, upstream_server

PIECES = 4


@pytest.mark.parametrize("request_buffering", [True, False])
@pytest.mark.parametrize("response_buffering", [True, False])
@pytest.mark.parametrize("chunked", [True, False])
def test_what_waits_for_what(request_buffering: bool, response_buffering: bool, chunked: bool) -> None:
    """A buffered upload reaches the upstream when it is complete, another one piece by piece. The pieces of a response
    reach the client one by one, each before the next is said."""
    size = 1000

    async def run() -> tuple[bool, list[int]]:
        asked, heard = asyncio.Event(), asyncio.Event()

        async def script(talk: Talk) -> None:
            head = await talk.head()
            asked.set()
            await request_body(talk, head)
            await talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(PIECES):
                heard.clear()
                await talk.send(b"%x\r\n%b\r\n" % (size, bytes(size)))
                await asyncio.wait_for(heard.wait(), 10)
            await talk.send(b"0\r\n\r\n")

        records = one_route(0, request_buffering=request_buffering, response_buffering=response_buffering)
        async with upstream_server(script) as up:
            records["services"][0]["port"] = up.port
            async with gateway(records) as gw:
                talk = await gw.connect()
                framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % (size * PIECES)
                await talk.send(b"PUT / HTTP/1.1\r\nHost: gw.test\r\n" + framing + b"\r\n\r\n")
                piece = b"%x\r\n%b\r\n" % (size, bytes(size)) if chunked else bytes(size)
                for _ in range(PIECES - 1):
                    await talk.send(piece)
                    await asyncio.sleep(0.01)
                if not request_buffering:
                    await asyncio.wait_for(asked.wait(), 10)
                early = asked.is_set()
                await talk.send(piece + (b"0\r\n\r\n" if chunked else b""))
                await talk.head()
                sizes = []
                for _ in range(PIECES):
                    sizes.append(len(await talk.exactly(size + 7)))
                    heard.set()
                assert await talk.exactly(5) == b"0\r\n\r\n"
                return early, sizes

    assert play(run()) == (not request_buffering, [size + 7] * PIECES)
