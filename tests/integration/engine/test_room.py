"""More clients than a worker can take (reliability.md F42)."""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path

import pytest

from gwctl.certs import issue_default_pair
from gwctl.engine.engine import Engine
from gwctl.engine.room import MOST_CLIENTS, clients_for
from gwctl.kit.clock import SystemClock
from gwctl.settings import Settings
from tests.integration.engine.records import MemoryView
from tests.integration.engine.world import Gateway, Talk, bound, client_tls, play, until

MOST = 3


@pytest.fixture(params=["plain", "tls"])
def tls(request: pytest.FixtureRequest, tmp_path: Path) -> ssl.SSLContext | None:
    if request.param == "plain":
        return None
    cert, key = issue_default_pair("ec", SystemClock().now())
    (tmp_path / "cert").write_bytes(cert)
    (tmp_path / "key").write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    return context


def test_half_of_the_files_are_left_for_upstreams() -> None:
    assert clients_for(256) == 96
    assert clients_for(10) == 1
    assert clients_for(1 << 20) == MOST_CLIENTS


def test_clients_beyond_the_room_are_dropped_and_said_once(
    tls: ssl.SSLContext | None, caplog: pytest.LogCaptureFixture
) -> None:
    async def served(gw: Gateway) -> Talk | None:
        try:
            talk = await gw.connect(client_tls() if tls else None, "front.test" if tls else None)
            await talk.get("/")
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            return None
        return talk

    async def run() -> tuple[int, bool]:
        settings = Settings.load(role="traditional", environ={"HOME": "/nonexistent"})
        engine = Engine(
            settings,
            node_id="node",
            clock=SystemClock(),
            access_log=None,
            tls=lambda _: tls or ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
            most_clients=MOST,
        )
        await engine.install(MemoryView({}))
        listener = bound(https=tls is not None)
        await engine.serve([listener])
        gw = Gateway(engine, listener.listener.port)
        try:
            talks = [await served(gw) for _ in range(2 * MOST)]
            welcome = [talk for talk in talks if talk is not None]
            welcome[0].close()
            await until(lambda: engine.stats().active == len(welcome) - 1, "one client has left")
            return len(welcome), await served(gw) is not None
        finally:
            await gw.close()

    with caplog.at_level(logging.ERROR, "gwctl.engine"):
        welcome, again = play(run())

    assert (welcome, again) == (MOST, True)
    assert [record.getMessage() for record in caplog.records] == [
        "3 clients are connected, as many as the limit of open files allows, others are dropped"
    ]
