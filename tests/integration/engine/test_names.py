"""Names through a real name server (proxy.md 8; 17.3/05-dns; reliability.md F39)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest

from gwctl.engine.balancer.peers import NoPeer
from tests.integration.engine.records import route, service, target, upstream
from tests.integration.engine.world import Gateway, Talk, echo, fields_of, gateway, play, until, upstream_server
from tests.tools.dns_server import DnsServer, dns_server

Scene = Callable[[Gateway, DnsServer, int], Coroutine[Any, Any, None]]


def through(scene: Scene, *, targets: tuple[str, ...] = (), retries: int = 0, **settings: str) -> None:
    """``scene`` with a gateway whose service is ``web.test`` (an upstream with ``targets`` when there are any)."""

    async def run() -> None:
        with dns_server() as names:
            async with upstream_server(echo()) as server:
                pool = upstream("web.test", algorithm="round-robin")
                made = service("one", "web.test", server.port, retries=retries)
                records = {
                    "services": [made],
                    "routes": [route("one", made, paths=["/"], strip_path=False)],
                    "upstreams": [pool] if targets else [],
                    "targets": [target(pool, text.replace("PORT", str(server.port))) for text in targets],
                }
                environ = {f"GWCTL_{key.upper()}": value for key, value in settings.items()}
                environ.setdefault("GWCTL_DNS_RESOLVER", names.address)
                async with gateway(records, environ=environ) as gw:
                    await scene(gw, names, server.port)

    play(run())


def test_a_service_by_its_name() -> None:
    async def scene(gw: Gateway, names: DnsServer, port: int) -> None:
        names.say("web.test", "A", "127.0.0.1")
        for _ in range(3):
            response = await gw.get("/")
            assert response.status == 200
            assert ("Host", f"web.test:{port}") in fields_of(response.body)
        assert names.questions("web.test") == 2

    through(scene)


def test_a_name_that_does_not_exist_or_has_no_address_is_503() -> None:
    async def scene(gw: Gateway, names: DnsServer, port: int) -> None:
        for _ in range(2):
            response = await gw.get("/")
            assert response.status == 503
            assert b'"message":"name resolution failed"' in response.body
        assert names.asked["web.test", "A"] == 1

    through(scene)


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED"])
def test_servers_that_cannot_tell_are_500(rcode: str) -> None:
    async def scene(gw: Gateway, names: DnsServer, port: int) -> None:
        names.fail("web.test", rcode)
        response = await gw.get("/")
        assert response.status == 500
        assert b"failed the initial dns/balancer resolve for 'web.test' with: dns server error: " in response.body

    through(scene)


def test_a_silent_server_does_not_stop_others() -> None:
    async def scene(gw: Gateway, names: DnsServer, port: int) -> None:
        names.silent = True
        waiting = [asyncio.create_task(gw.get("/")) for _ in range(5)]
        await until(lambda: names.questions("web.test") > 0, "a question")
        talk = await gw.connect()
        assert (await talk.get("/", method="TRACE")).status == 405
        assert not any(task.done() for task in waiting)
        names.say("web.test", "A", "127.0.0.1")
        names.silent = False
        # the next attempt of the same question
        assert {response.status for response in await asyncio.gather(*waiting)} == {200}

    through(scene)


def test_an_upstream_follows_its_name() -> None:
    async def scene(gw: Gateway, names: DnsServer, port: int) -> None:
        names.say("app.test", "SRV", f"1 1 {port} inner.test.", ttl=1)
        names.say("inner.test", "A", "127.0.0.1", ttl=1)
        response = await gw.get("/")
        assert response.status == 200
        assert ("Host", f"app.test:{port}") in fields_of(response.body)
        names.say("app.test", "SRV", "1 1 1 127.0.0.1.", ttl=60)

        async def refused() -> bool:
            return (await gw.get("/")).status == 502

        await eventually(refused)

    through(scene, targets=("app.test:80",))


def test_answers_for_one_use_flip_at_once() -> None:
    async def scene(gw: Gateway, names: DnsServer, port: int) -> None:
        names.say("web.test", "A", "127.0.0.1", ttl=0)
        assert (await gw.get("/")).status == 200
        before = names.questions("web.test")
        assert (await gw.get("/")).status == 200
        assert names.questions("web.test") > before
        names.forget("web.test")
        assert (await gw.get("/")).status == 503

    through(scene)


def test_long_answers_come_over_tcp() -> None:
    async def scene(gw: Gateway, names: DnsServer, port: int) -> None:
        names.say("many.test", "A", *(f"127.0.{number // 200}.{number % 200 + 1}" for number in range(400)))
        assert (await gw.get("/")).status in (200, 502)
        assert names.over_tcp["many.test", "A"] == 1
        (balancer,) = gw.engine.balancers
        assert len(balancer.addresses) == 400

    through(scene, targets=("many.test:PORT",))


def test_records_nobody_asked_for_are_not_believed() -> None:
    async def scene(gw: Gateway, names: DnsServer, port: int) -> None:
        names.say("web.test", "A", "127.0.0.1")
        names.say("evil.test", "A", "192.0.2.66")
        names.extra = [names._records["evil.test"]["A"]]
        assert (await gw.get("/")).status == 200
        names.forget("evil.test")
        with pytest.raises(NoPeer):
            await gw.engine.balancers.host("evil.test", 80).resolve(cast(Any, None), ())

    through(scene)


def test_an_answer_outlives_its_servers_without_an_error() -> None:
    """F39: within the stale window no request fails, and no question is asked twice at a time."""

    async def scene(gw: Gateway, names: DnsServer, port: int) -> None:
        names.say("web.test", "A", "127.0.0.1", ttl=1)
        assert (await gw.get("/")).status == 200
        names.fail("web.test")
        end = asyncio.get_running_loop().time() + 2.5
        talk = await gw.connect()
        while asyncio.get_running_loop().time() < end:
            assert (await talk.get("/")).status == 200
        assert names.questions("web.test") < 30

    through(scene)


def test_sockets_to_name_servers_are_released() -> None:
    async def scene(gw: Gateway, names: DnsServer, port: int) -> None:
        names.say("web.test", "A", "127.0.0.1", ttl=0)
        threads = len(os.listdir("/proc/self/task"))
        for _ in range(2):
            for _ in range(15):
                assert (await gw.get("/")).status == 200
            await until(lambda: len(to_port(names.port)) == 0, "sockets closed")
        # one thread of the library stays, which ends the others
        await until(lambda: len(os.listdir("/proc/self/task")) <= threads + 1, "its threads have ended")

    through(scene)


def sockets() -> list[str]:
    """The UDP sockets of this process."""
    own = set()
    for entry in os.listdir("/proc/self/fd"):
        try:
            own.add(os.readlink(f"/proc/self/fd/{entry}"))
        except OSError:
            continue
    with open("/proc/self/net/udp") as table:
        return [line for line in table if f"socket:[{line.split()[9]}]" in own]


def to_port(port: int) -> list[str]:
    return [line for line in sockets() if line.split()[2].endswith(f":{port:04X}")]


async def eventually(condition: Callable[[], Coroutine[Any, Any, bool]]) -> None:
    end = asyncio.get_running_loop().time() + 20
    while not await condition():
        assert asyncio.get_running_loop().time() < end
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(("retries", "connections"), [(0, 1), (3, 4), (5, 6)])
def test_each_retry_is_one_more_connection(retries: int, connections: int) -> None:
    async def scene(gw: Gateway, names: DnsServer, port: int) -> None:
        seen = 0

        async def hang_up(talk: Talk) -> None:
            nonlocal seen
            seen += 1
            await talk.head()
            talk.reset()

        async with upstream_server(hang_up) as broken:
            made = service("one", "web.test", broken.port, retries=retries)
            await gw.install({"services": [made], "routes": [route("one", made, paths=["/"])]})
            names.say("web.test", "A", "127.0.0.1")
            assert (await gw.get("/")).status == 502
            assert seen == connections

    through(scene)


@pytest.mark.parametrize(("preserve", "hosts"), [(False, 2), (True, 1)])
def test_the_host_is_that_of_each_try_unless_it_is_preserved(preserve: bool, hosts: int) -> None:
    async def run() -> None:
        heads: list[bytes] = []

        async def first_fails(talk: Talk) -> None:
            heads.append(await talk.head())
            if len(heads) == 1:
                talk.reset()
                return
            await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        async with upstream_server(first_fails) as one, upstream_server(first_fails) as two:
            pool = upstream("pool")
            made = service("one", "pool", 80, retries=1)
            targets = [target(pool, f"localhost:{one.port}"), target(pool, f"127.0.0.1:{two.port}")]
            routes = [route("one", made, paths=["/"], preserve_host=preserve)]
            records = {"upstreams": [pool], "targets": targets, "services": [made], "routes": routes}
            async with gateway(records) as gw:
                assert (await gw.get("/")).status == 200
        sent = [dict(fields_of(head))["Host"] for head in heads]
        assert len(sent) == 2
        assert len(set(sent)) == hosts
        expected = {"gw.test"} if preserve else {f"localhost:{one.port}", f"127.0.0.1:{two.port}"}
        assert set(sent) == expected

    play(run())
