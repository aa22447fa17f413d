"""Health of targets that are names, of whole upstreams, and what is told of it (17.3/10-balancer/01-healthchecks)."""

from __future__ import annotations

import contextlib
import logging
import random
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from gwctl.admin.health import balancer_health, with_health
from gwctl.engine.balancer.dns.answers import literal
from gwctl.engine.health.availability import AddressId, NodeHealth
from gwctl.engine.health.prober import Prober
from gwctl.engine.health.telling import mark, told
from gwctl.kit.clock import SystemClock
from gwctl.kit.tasks import Tasks
from tests.integration.engine.health_world import active, checked, dead_port, new_health, passive, peer, served
from tests.integration.engine.records import Record, identity
from tests.integration.engine.test_health_active import NoTls
from tests.integration.engine.world import Gateway, play, until, upstream_server
from tests.tools.dns_server import DnsServer

U = identity("upstream u.test")
TCP_ONCE = passive(tcp_failures=1)


@pytest.fixture
def names() -> Iterator[DnsServer]:
    server = DnsServer()
    yield server
    server.close()


def resolving(names: DnsServer) -> dict[str, str]:
    return {"GWCTL_DNS_RESOLVER": names.address}


def shown(gw: Gateway, health: NodeHealth, *targets: str) -> list[dict[str, Any]]:
    """The rows of ``/upstreams/{u}/health``."""
    balancer = gw.engine.balancers.get(U)
    assert balancer is not None
    return with_health([{"target": target} for target in targets], told(balancer, health, targets))  # type: ignore[arg-type]


def whole(gw: Gateway, health: NodeHealth) -> dict[str, Any]:
    """The answer to ``?balancer_health=1``."""
    balancer = gw.engine.balancers.get(U)
    assert balancer is not None
    return balancer_health({"id": U}, told(balancer, health, ["127.0.0.1:1"]))  # type: ignore[arg-type]


def marked(gw: Gateway, health: NodeHealth, target: str, address: str | None, *, healthy: bool) -> str | None:
    balancer = gw.engine.balancers.get(U)
    assert balancer is not None
    return mark(balancer, health, target, address, healthy=healthy)


def states(row: dict[str, Any]) -> tuple[str, list[str]]:
    return row["health"], [address["health"] for address in row["data"]["addresses"]]


@contextlib.asynccontextmanager
async def probed(gw: Gateway, health: NodeHealth) -> AsyncIterator[None]:
    """A prober over the gateway's own balancers."""
    balancer = gw.engine.balancers.get(U)
    assert balancer is not None

    def addresses(_: str) -> Iterator[tuple[AddressId, int]]:
        return ((AddressId(each.ip, each.port, each.host), each.weight) for each in balancer.addresses)

    async def locate(address: AddressId) -> tuple[str, int]:
        if literal(address.ip) is not None:
            return address.ip, address.port
        located = await gw.engine.balancers.resolver.locate(address.ip)
        return located.ip, located.port or address.port

    prober = Prober(health, addresses, NoTls(), SystemClock(), random.Random(1), locate)
    prober.look()
    tasks = Tasks(logging.getLogger("test"))
    tasks.spawn("probes", prober.run())
    try:
        yield
    finally:
        await tasks.close()
        await prober.close()


def test_1_4_an_srv_target_that_refuses_is_out_and_its_address_goes_by_its_name(names: DnsServer) -> None:
    async def scene() -> None:
        health, port = new_health(), dead_port()
        names.say("a.test", "A", "127.0.0.1")
        names.say("srv.test", "SRV", f"1 1 {port} a.test.")
        records = checked("srv.test:80", checks=TCP_ONCE)
        async with served(health, records, environ=resolving(names)) as gw:
            assert (await gw.get("/")).status == 502
            assert (await gw.get("/")).status == 503
            (row,) = shown(gw, health, "srv.test:80")
            assert states(row) == ("UNHEALTHY", ["UNHEALTHY"])
            (address,) = row["data"]["addresses"]
            assert (address["ip"], address["port"], row["data"]["port"]) == ("a.test", port, 80)
            assert marked(gw, health, "srv.test:80", f"a.test:{port}", healthy=True) is None
            assert states(shown(gw, health, "srv.test:80")[0])[0] == "HEALTHY"
            assert (await gw.get("/")).status == 502

    play(scene())


@pytest.mark.parametrize("host_header", [None, "own.test"])
def test_2_3_a_target_is_healthy_while_one_of_its_addresses_is(names: DnsServer, host_header: str | None) -> None:
    async def scene() -> None:
        health, port = new_health(), dead_port()
        names.say("two.test", "A", "127.0.0.1", "127.0.0.2")
        target = f"two.test:{port}"
        records = checked(target, checks=TCP_ONCE, retries=5, host_header=host_header)
        async with served(health, records, environ=resolving(names)) as gw:
            assert (await gw.get("/")).status == 503
            assert states(shown(gw, health, target)[0]) == ("UNHEALTHY", ["UNHEALTHY"] * 2)
            assert marked(gw, health, target, f"127.0.0.2:{port}", healthy=True) is None
            health_of_it, each = states(shown(gw, health, target)[0])
            assert (health_of_it, sorted(each)) == ("HEALTHY", ["HEALTHY", "UNHEALTHY"])
            assert marked(gw, health, target, f"127.0.0.2:{port}", healthy=False) is None
            assert states(shown(gw, health, target)[0])[0] == "UNHEALTHY"
            assert marked(gw, health, target, None, healthy=True) is None
            assert states(shown(gw, health, target)[0]) == ("HEALTHY", ["HEALTHY"] * 2)

    play(scene())


@pytest.mark.parametrize(
    ("target", "address", "refused"),
    [
        ("two.test:80", "127.0.0.2:80", None),
        ("two.test:80", "127.0.0.2:81", "target 'two.test:80' has no address '127.0.0.2:81'"),
        ("two.test:80", "127.0.0.2", "target 'two.test:80' has no address '127.0.0.2'"),
        ("two.test:80", "name.test:80", "target 'two.test:80' has no address 'name.test:80'"),
        ("two.test:80", "a:b:c", "'a:b:c' is no address"),
        ("no.test:80", None, "no address is known for target 'no.test:80'"),
        ("127.0.0.1:8000", "127.0.0.1", None),  # the default port
        ("[::1]:8000", "[0000:0000:0000:0000:0000:0000:0000:0001]:8000", None),
    ],
)
def test_67_69_which_addresses_can_be_marked(
    names: DnsServer, target: str, address: str | None, refused: str | None
) -> None:
    async def scene() -> None:
        health = new_health()
        names.say("two.test", "A", "127.0.0.1", "127.0.0.2")
        records = checked("two.test:80", "no.test:80", "127.0.0.1:8000", "[::1]:8000", checks=TCP_ONCE)
        async with served(health, records, environ=resolving(names)) as gw:
            await until(lambda: states(shown(gw, health, "two.test:80")[0])[1] != [], "an answer")
            assert marked(gw, health, target, address, healthy=False) == refused
            rows = shown(gw, health, "two.test:80", "no.test:80", "127.0.0.1:8000", "[::1]:8000")
            down = [each for row in rows for each in row["data"]["addresses"] if each["health"] == "UNHEALTHY"]
            assert len(down) == (1 if refused is None else 0)
            assert states(rows[1]) == ("DNS_ERROR", [])

    play(scene())


@pytest.mark.parametrize("threshold", [0, 25, 75, 99, 100])
def test_22_an_upstream_is_healthy_above_its_threshold_only(threshold: int) -> None:
    async def scene() -> None:
        health = new_health()
        async with contextlib.AsyncExitStack() as stack:
            peers = [await stack.enter_async_context(peer()) for _ in range(4)]
            records = checked(*(each.address for each in peers), checks={**TCP_ONCE, "threshold": threshold})
            gw = await stack.enter_async_context(served(health, records))
            for down in range(5):
                available = 100 - 25 * down
                healthy = available > threshold
                assert (await gw.get("/")).status == (200 if healthy else 503)
                body = whole(gw, health)
                word = "HEALTHY" if healthy else "UNHEALTHY"
                assert (body["health"], body["balancer_health"], body["details"]["healthy"]) == (word, word, healthy)
                assert body["details"]["weight"] == {
                    "total": 400, "available": 4 * available, "unavailable": 400 - 4 * available,
                }  # fmt: skip
                if down < 4:
                    marked(gw, health, peers[down].address, None, healthy=False)

    play(scene())


def test_5_without_triggers_health_is_off_and_the_balancer_healthy() -> None:
    async def scene() -> None:
        health = new_health()
        records = checked("127.0.0.1:8001", checks=passive())
        async with served(health, records) as gw:
            assert states(shown(gw, health, "127.0.0.1:8001")[0]) == ("HEALTHCHECKS_OFF", ["HEALTHCHECKS_OFF"])
            body = whole(gw, health)
            assert (body["health"], body["balancer_health"]) == ("HEALTHCHECKS_OFF", "HEALTHY")

    play(scene())


def test_a_target_without_weight_is_not_checked() -> None:
    async def scene() -> None:
        health = new_health()
        records = checked("127.0.0.1:8001", checks=TCP_ONCE)
        records["targets"][0]["weight"] = 0
        async with served(health, records) as gw:
            assert states(shown(gw, health, "127.0.0.1:8001")[0]) == ("HEALTHCHECKS_OFF", ["HEALTHCHECKS_OFF"])
            assert whole(gw, health)["balancer_health"] == "UNHEALTHY"

    play(scene())


def test_26_probes_of_an_srv_target_with_several_addresses(names: DnsServer) -> None:
    async def scene() -> None:
        health = new_health()
        async with peer() as good, peer(500) as bad:
            names.say("a.test", "A", "127.0.0.1")
            names.say("srv.test", "SRV", f"1 1 {good.port} a.test.", f"1 1 {bad.port} a.test.")
            records = checked("srv.test:80", checks=active())
            async with served(health, records, environ=resolving(names)) as gw:
                await gw.get("/")
                async with probed(gw, health):
                    await until(lambda: not health.up(U, "a.test", bad.port, "srv.test"), "one address is out")
                    assert health.up(U, "a.test", good.port, "srv.test")
                    assert {(await gw.get("/")).status for _ in range(6)} == {200}
                    bad.status = 200
                    await until(lambda: health.up(U, "a.test", bad.port, "srv.test"), "it is back")

    play(scene())


@pytest.mark.parametrize("kind", ["passive", "active"])
def test_33_34_a_failing_peer_of_a_hash_is_out_and_the_others_keep_their_values(kind: str) -> None:
    async def scene() -> None:
        health = new_health()
        hashing: Record = {"algorithm": "consistent-hashing", "hash_on": "header", "hash_on_header": "x", "slots": 1000}
        async with contextlib.AsyncExitStack() as stack:
            peers = [await stack.enter_async_context(peer()) for _ in range(3)]
            checks = passive(http_failures=1) if kind == "passive" else active()
            addresses = [each.address for each in peers]
            gw = await stack.enter_async_context(served(health, checked(*addresses, checks=checks, **hashing)))

            async def placed() -> dict[int, str | None]:
                return {number: (await gw.get("/", f"X: {number}")).get("x-peer") for number in range(30)}

            before = await placed()
            failing = peers[0]
            failing.status = 500
            if kind == "passive":
                hers = next(number for number, port in before.items() if port == str(failing.port))
                assert (await gw.get("/", f"X: {hers}")).status == 500
            else:
                await stack.enter_async_context(probed(gw, health))
                await until(lambda: not health.up(U, "127.0.0.1", failing.port, None), "the probe sees it")
            after = await placed()
            assert str(failing.port) not in after.values()
            assert all(after[number] == port for number, port in before.items() if port != str(failing.port))
            hosts = told(gw.engine.balancers.get(U), health, [failing.address])["hosts"]  # type: ignore[arg-type]
            assert [each["healthy"] for each in hosts[0]["addresses"]] == [False]

    play(scene())


def test_16_17_a_renamed_upstream_is_balanced_and_probed_by_its_new_name_only() -> None:
    async def scene() -> None:
        health = new_health()
        async with peer() as target:
            records = checked(target.address, checks=active())
            async with served(health, records) as gw, probed(gw, health):
                await until(lambda: bool(target.heads), "probes")
                renamed = checked(target.address, checks=active(http_path="/renamed"))
                renamed["upstreams"][0]["name"] = renamed["services"][0]["host"] = "new.test"
                await gw.install(renamed, number=3)
                assert (await gw.get("/")).status == 200
                assert [checks.upstream_name for checks in health.upstreams] == ["new.test"]
                await until(lambda: any(b"/renamed" in head for head in target.heads), "probes by the new checks")
                target.forget()
                await until(lambda: len(target.heads) >= 3, "more probes")
                assert all(b"/renamed" in head for head in target.heads)

    play(scene())


def test_103_a_target_that_is_removed_and_added_again_is_checked_again() -> None:
    async def scene() -> None:
        health = new_health()
        async with peer() as one, peer(500) as two:
            checks = passive(http_failures=1)
            both = checked(one.address, two.address, checks=checks)
            async with served(health, both) as gw:
                for number in range(3, 9, 2):
                    await gw.install(checked(one.address, checks=checks), number=number)
                    assert {(await gw.get("/")).status for _ in range(4)} == {200}
                    await gw.install(both, number=number + 1)
                    marked(gw, health, two.address, None, healthy=True)
                    assert [(await gw.get("/")).status for _ in range(6)].count(500) == 1

    play(scene())


def test_109_what_one_process_marks_others_hear_until_they_drop_the_upstream() -> None:
    async def scene() -> None:
        one = new_health()
        other = new_health(one.memory)
        async with peer() as target, served(one, checked(target.address, checks=TCP_ONCE)) as gw:
            other.configure({"id": U, "name": "u.test", "healthchecks": TCP_ONCE})
            address = AddressId("127.0.0.1", target.port, None)
            for healthy in (False, True):
                epoch = gw.engine.balancers.availability.epoch
                other.mark(U, address, healthy=healthy)
                assert gw.engine.balancers.availability.epoch > epoch
                assert one.up(U, *address) is healthy
            other.drop(U)
            epoch = one.epoch
            other.mark(U, address, healthy=False)
            assert one.epoch == epoch

    play(scene())


@pytest.mark.parametrize(("host_header", "status"), [("own.test", 200), ("wrong.test", 400)])
def test_13_14_requests_carry_the_host_of_the_upstream(host_header: str, status: int) -> None:
    async def script(talk: Any) -> None:
        head = await talk.head()
        right = b"\r\nHost: own.test" in head or b"\r\nHost: own.test:" in head
        await talk.send(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % (200 if right else 400))

    async def scene() -> None:
        health = new_health()
        async with upstream_server(script) as server:
            records = checked(f"127.0.0.1:{server.port}", checks=TCP_ONCE, host_header=host_header)
            async with served(health, records) as gw:
                assert (await gw.get("/")).status == status
                assert (await gw.get("/")).status == status, "no list has 400"

    play(scene())


def test_100_101_102_a_balancer_comes_with_its_checks_and_both_are_kept() -> None:
    async def scene() -> None:
        health = new_health()
        records = checked("127.0.0.1:8001", checks=TCP_ONCE)
        async with served(health, records) as gw:
            balancers = gw.engine.balancers
            balancer, checks = balancers.get(U), health.checks(U)
            assert balancer is not None
            assert checks is not None
            assert checks.passive.any
            await gw.install(records, number=3)
            assert balancers.get(U) is balancer
            assert health.checks(U) == checks
            await gw.install({}, number=4)
            assert (balancers.get(U), health.checks(U)) == (None, None)
            await gw.install(records, number=5)
            assert balancers.get(U) not in (None, balancer)
            assert health.checks(U) == checks

    play(scene())
