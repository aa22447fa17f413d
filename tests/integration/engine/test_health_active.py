"""Active health checks: probes that a node sends by itself (17.3/10-balancer/01-healthchecks)."""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gwctl.engine.health.availability import AddressId, NodeHealth
from gwctl.engine.health.checks import Checks
from gwctl.engine.health.machine import State
from gwctl.engine.health.probe_tls import ProbeContexts
from gwctl.engine.health.prober import Prober
from gwctl.engine.tls.upstream import TlsDefaults, UpstreamTls
from gwctl.kit.clock import SystemClock
from gwctl.kit.pem_files import load_chain
from tests.integration.engine.health_world import active, checked, dead_port, new_health, peer, served, standing
from tests.integration.engine.records import Record
from tests.integration.engine.world import play, until, upstream_server
from tests.tools.pem import certificate_and_key


class NoTls:
    def context(self, checks: Checks) -> ssl.SSLContext:
        raise AssertionError("no https probe is expected")


@contextlib.asynccontextmanager
async def probing(health: NodeHealth, *ports: int, tls: Any = None, host: str | None = None) -> AsyncIterator[Prober]:
    """A prober for the one upstream that ``health`` knows; its targets are ``ports`` of this machine."""
    addresses = [(AddressId("127.0.0.1", port, host), 100) for port in ports]
    prober = Prober(health, lambda _: addresses, tls or NoTls(), SystemClock(), random.Random(1))
    prober.look()
    task = asyncio.create_task(prober.run())
    try:
        yield prober
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await prober.close()


def known(checks: Record, **values: Any) -> NodeHealth:
    """Health with one upstream."""
    health = new_health()
    health.configure({"id": "u1", "name": "u.test", "healthchecks": checks} | values)
    return health


def state(health: NodeHealth, port: int) -> State:
    return standing(health, port).state


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_23_25_28_probes_take_a_target_out_before_any_request_and_bring_it_back(limit: int) -> None:
    async def scene() -> None:
        checks = active(healthy={"successes": limit}, unhealthy={"http_failures": limit})
        health = known(checks)
        async with peer() as target, probing(health, target.port):
            await until(lambda: len(target.heads) >= 2, "probes")
            assert state(health, target.port) is State.HEALTHY
            target.status = 500
            target.forget()
            await until(lambda: state(health, target.port) is State.UNHEALTHY, "the target is out")
            assert len(target.heads) >= limit
            target.status = 200
            target.forget()
            await until(lambda: state(health, target.port) is State.HEALTHY, "the target is back")
            assert len(target.heads) >= limit

    play(scene())


def test_probes_and_requests_count_in_the_same_table() -> None:
    async def scene() -> None:
        health = new_health()
        async with peer() as good, peer(500) as bad:
            records = checked(good.address, bad.address, checks=active())
            async with served(health, records) as gw, probing(health, good.port, bad.port):
                await until(lambda: state(health, bad.port) is State.UNHEALTHY, "the target is out")
                before = len([head for head in bad.heads if head.startswith(b"GET / ")])
                assert [(await gw.get("/")).status for _ in range(6)] == [200] * 6
                assert len([head for head in bad.heads if head.startswith(b"GET / ")]) == before == 0
                bad.status = 200
                await until(lambda: state(health, bad.port) is State.HEALTHY, "the target is back")
                for _ in range(4):
                    await gw.get("/")
                assert len([head for head in bad.heads if head.startswith(b"GET / ")]) == 2

    play(scene())


@pytest.mark.parametrize(
    ("values", "host", "lines"),
    [
        ({}, None, [b"GET /status HTTP/1.0", b"Host: 127.0.0.1", b"Connection: close"]),
        ({}, "name.test", [b"GET /status HTTP/1.0", b"Host: name.test", b"Connection: close"]),
        ({"host_header": "own.test"}, "name.test", [b"GET /status HTTP/1.0", b"Host: own.test", b"Connection: close"]),
    ],
)
def test_13_24_what_a_probe_says(values: Any, host: str | None, lines: list[bytes]) -> None:
    async def scene() -> None:
        health = known(active(), **values)
        async with peer() as target, probing(health, target.port, host=host):
            await until(lambda: bool(target.heads), "a probe")
            assert target.heads[0].split(b"\r\n")[:-2] == lines

    play(scene())


def test_headers_of_probes() -> None:
    async def scene() -> None:
        health = known(active(headers={"X-A": ["1", "2"], "User-Agent": ["me"]}))
        async with peer() as target, probing(health, target.port):
            await until(lambda: bool(target.heads), "a probe")
            lines = target.heads[0].split(b"\r\n")
            assert lines[1:5] == [b"X-A: 1", b"X-A: 2", b"User-Agent: me", b"Host: 127.0.0.1"]

    play(scene())


@pytest.mark.parametrize(
    ("status", "kind", "counter"),
    [(500, "http", "http"), (0, "http", "tcp"), (-1, "http", "timeout"), (418, "http", None), (500, "tcp", None)],
)
def test_what_an_answer_counts_as(status: int, kind: str, counter: str | None) -> None:
    async def scene() -> None:
        fields = {"http": "http_failures", "tcp": "tcp_failures", "timeout": "timeouts"}
        limits = {field: 3 if counter in (name, None) else 0 for name, field in fields.items()}
        health = known(active(type=kind, timeout=0.1, unhealthy=limits))
        async with peer(status) as target, probing(health, target.port):
            if counter is not None:
                await until(lambda: standing(health, target.port).down, "the target is out")
                assert getattr(standing(health, target.port), counter) == 3
            else:
                await until(lambda: len(target.heads) >= 4 or kind == "tcp", "probes")
                await asyncio.sleep(0.2 if kind == "tcp" else 0)
                assert state(health, target.port) is State.HEALTHY

    play(scene())


@pytest.mark.parametrize("kind", ["tcp", "http"])
def test_a_port_that_nobody_listens_on(kind: str) -> None:
    async def scene() -> None:
        port = dead_port()
        health = known(active(type=kind))
        async with probing(health, port):
            await until(lambda: state(health, port) is State.UNHEALTHY, "the target is out")
            assert standing(health, port).tcp == 1

    play(scene())


async def falls_silent(target: Any) -> None:
    """Probes that were under way may still arrive; then four intervals pass without one."""
    end = asyncio.get_running_loop().time() + 10
    while True:
        target.forget()
        await asyncio.sleep(0.2)
        if not target.heads:
            return
        assert asyncio.get_running_loop().time() < end, "probes go on"


@pytest.mark.parametrize("interval", ["healthy", "unhealthy"])
def test_an_interval_of_nothing_turns_probes_off_in_that_state(interval: str) -> None:
    async def scene() -> None:
        health = known(active(**{interval: {"interval": 0}}))
        async with peer(500) as target, probing(health, target.port):
            if interval == "healthy":
                await asyncio.sleep(0.2)
                assert target.heads == []
                health.mark("u1", AddressId("127.0.0.1", target.port, None), healthy=False)
                await until(lambda: bool(target.heads), "probes of a target that is out")
            else:
                await until(lambda: state(health, target.port) is State.UNHEALTHY, "the target is out")
                await falls_silent(target)

    play(scene())


def test_targets_that_hang_delay_no_others() -> None:
    async def scene() -> None:
        health = known(active(concurrency=1, timeout=30, unhealthy={"http_failures": 1}))
        async with peer(-1) as one, peer(-1) as two, peer(500) as bad, probing(health, one.port, two.port, bad.port):
            await until(lambda: state(health, bad.port) is State.UNHEALTHY, "the target is out")
            assert len(one.heads) <= 1
            assert len(two.heads) <= 1
            assert state(health, one.port) is State.HEALTHY

    play(scene())


def test_no_more_probes_at_once_than_allowed() -> None:
    async def scene() -> None:
        open_now = most = 0

        async def script(talk: Any) -> None:
            nonlocal open_now, most
            open_now += 1
            most = max(most, open_now)
            await talk.head()
            await asyncio.sleep(0.05)
            open_now -= 1
            await talk.send(b"HTTP/1.1 200 OK\r\n\r\n")

        async with contextlib.AsyncExitStack() as stack:
            servers = [await stack.enter_async_context(upstream_server(script)) for _ in range(6)]
            health = known(active(concurrency=2))
            await stack.enter_async_context(probing(health, *(server.port for server in servers)))
            await until(lambda: all(server.connections >= 2 for server in servers), "probes of all")
        assert most == 2

    play(scene())


def test_probes_stop_and_start_with_the_configuration() -> None:
    async def scene() -> None:
        health = known(active())
        async with peer() as target, probing(health, target.port) as prober:
            await until(lambda: bool(target.heads), "probes")
            health.configure({"id": "u1", "name": "u.test", "healthchecks": {}})
            prober.look()
            await falls_silent(target)
            health.configure({"id": "u1", "name": "u.test", "healthchecks": active(http_path="/new")})
            prober.look()
            await until(lambda: bool(target.heads), "probes again")
            assert target.heads[0].startswith(b"GET /new ")
            health.drop("u1")
            prober.look()
            await falls_silent(target)

    play(scene())


def test_27_two_names_on_one_address_are_judged_apart() -> None:
    async def scene() -> None:
        async def script(talk: Any) -> None:
            head = await talk.head()
            await talk.send(b"HTTP/1.1 %d X\r\n\r\n" % (200 if b"Host: good.test" in head else 500))

        async with upstream_server(script) as server:
            health = known(active())
            good, bad = (AddressId("127.0.0.1", server.port, name) for name in ("good.test", "bad.test"))
            prober = Prober(health, lambda _: [(good, 1), (bad, 1)], NoTls(), SystemClock(), random.Random(1))
            prober.look()
            task = asyncio.create_task(prober.run())
            await until(lambda: not health.up("u1", *bad), "the bad one is out")
            assert health.up("u1", *good)
            task.cancel()
            await prober.close()

    play(scene())


def test_a_kind_of_probe_that_there_is_not_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        health = known(active(type="grpc"))
        async with peer() as target, probing(health, target.port) as prober:
            prober.look()
            await asyncio.sleep(0.15)
            assert target.heads == []

    play(scene())
    assert [record.message for record in caplog.records if "grpc" in record.message] == [
        "upstream u.test is not probed: there are no probes of type grpc; use http, https or tcp"
    ]


# TLS


@contextlib.asynccontextmanager
async def tls_peer(*, asks: bool = False) -> AsyncIterator[Any]:
    """An upstream that speaks TLS; with ``asks`` it wants a certificate of the client signed by the one below."""
    cert, key = certificate_and_key("target.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load_chain(context, cert.encode(), key.encode())
    names: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    if asks:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=CLIENT[0])

    async def script(talk: Any) -> None:
        await talk.head()
        await talk.send(b"HTTP/1.1 200 OK\r\n\r\n")

    async with upstream_server(script, context) as server:
        yield server, names, cert


CLIENT = certificate_and_key("client.test")


class Certificates:
    """The records of certificates."""

    def get(self, entity: str, key: str) -> Record | None:
        return {"cert": CLIENT[0], "key": CLIENT[1]} if (entity, key) == ("certificates", "c1") else None


def contexts(defaults: TlsDefaults | None = None) -> ProbeContexts:
    made = ProbeContexts(UpstreamTls(defaults))
    made.read(Certificates())
    return made


def https(**values: Any) -> Record:
    return active(type="https", **values)


@pytest.mark.parametrize(
    ("checks", "host", "trusted", "up"),
    [
        ({"https_verify_certificate": False}, "any.test", False, True),
        ({}, "target.test", False, False),
        ({}, "target.test", True, True),
        ({}, "other.test", True, False),
        ({"https_sni": "target.test"}, "other.test", True, True),
    ],
)
def test_https_probes_verify_what_they_are_told(checks: Record, host: str, trusted: bool, up: bool) -> None:
    async def scene() -> None:
        async with tls_peer() as (server, names, cert):
            health = known(https(**checks))
            tls = contexts(TlsDefaults(trust=(cert,)) if trusted else None)
            address = AddressId("127.0.0.1", server.port, host)
            async with probing(health, server.port, tls=tls, host=host):
                if up:
                    health.mark("u1", address, healthy=False)
                await until(lambda: health.up("u1", *address) is up, "the probe said so")
                assert names[0] == checks.get("https_sni", host)

    play(scene())


@pytest.mark.parametrize(
    ("asks", "own", "node", "plain", "up"),
    [
        (True, True, False, False, True),
        (True, False, True, False, True),
        (True, False, False, False, False),
        (False, False, True, True, False),
        (False, True, False, True, False),
    ],
)
def test_7_8_certificates_that_https_probes_show(asks: bool, own: bool, node: bool, plain: bool, up: bool) -> None:
    async def scene() -> None:
        async with contextlib.AsyncExitStack() as stack:
            if plain:
                port = (await stack.enter_async_context(peer())).port
            else:
                server, _, _ = await stack.enter_async_context(tls_peer(asks=asks))
                port = server.port
            certificate = {"client_certificate": {"id": "c1"}} if own else {}
            health = known(https(https_verify_certificate=False), **certificate)
            address = AddressId("127.0.0.1", port, None)
            health.mark("u1", address, healthy=not up)
            defaults = TlsDefaults(pair=CLIENT) if node else None
            await stack.enter_async_context(probing(health, port, tls=contexts(defaults)))
            await until(lambda: health.up("u1", *address) is up, "the probe said so")

    play(scene())
