"""WebSockets through the gateway are what they are without it (proxy.md 11.5; RFC 6455)."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from tests.integration.engine.websocket_cases import CASES, Case
from tests.integration.engine.websocket_peers import echo_server, play_case
from tests.integration.engine.world import Talk, client_tls, gateway, one_route, play, upstream_server

Run = tuple[bytes, list[str], bytes]


async def _directly(case: Case) -> Run:
    received: list[bytes] = []
    async with upstream_server(echo_server(received)) as up:
        reader, writer = await asyncio.open_connection("127.0.0.1", up.port)
        raw, events = await play_case(Talk(reader, writer), case)
        return raw, events, bytes(received[0])


async def _through(case: Case, front: ssl.SSLContext | None, back: ssl.SSLContext | None) -> Run:
    received: list[bytes] = []
    to = {"protocol": "https"} if back else {}
    async with (
        upstream_server(echo_server(received), back) as up,
        gateway(one_route(up.port, to=to), tls=front) as gw,
    ):
        talk = await gw.connect(client_tls() if front else None, "gw.test" if front else None)
        raw, events = await play_case(talk, case)
        return raw, events, bytes(received[0])


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_frame_arrives_as_it_was_sent(case: Case, server_tls: ssl.SSLContext) -> None:
    """Plain on both sides, TLS in front, TLS behind, TLS on both: the same bytes reach both ends, in the same order."""
    wanted = play(_directly(case))
    assert play(_through(case, None, None)) == wanted
    # TLS of this platform cannot end one direction only
    if not case.half_close and not case.large:
        assert play(_through(case, server_tls, server_tls)) == wanted
        assert play(_through(case, server_tls, None)) == wanted
        assert play(_through(case, None, server_tls)) == wanted
