"""What every algorithm must do (proxy.md 6, 17.2: the generic lines)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gwctl.engine.balancer.peers import NoPeer, Peer
from gwctl.engine.balancer.ports import Outcome
from tests.tools.balancing import Request, World, label, run

ALGORITHMS = ("round-robin", "consistent-hashing", "least-connections", "latency")

pytestmark = pytest.mark.parametrize("algorithm", ALGORITHMS)

NO_PEER = "failure to get a peer from the ring-balancer"


def weight(world: World) -> tuple[int, int, int]:
    shown = world.balancer.details()["weight"]
    return shown["total"], shown["available"], shown["unavailable"]


def hosts(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.balancer.details()["hosts"]
    return found


def test_an_empty_balancer_is_unhealthy_and_the_first_address_makes_it_healthy(algorithm: str) -> None:
    world = World(algorithm)
    world.apply()
    assert not world.balancer.details()["healthy"]
    with pytest.raises(NoPeer, match=NO_PEER):
        world.pick()
    world.add("10.0.0.1:80")
    assert world.balancer.details()["healthy"]
    assert label(world.pick()) == "10.0.0.1:80"


def test_health_is_more_than_the_threshold(algorithm: str) -> None:
    world = World(algorithm, healthchecks={"threshold": 50})
    for number in (1, 2, 3):
        world.add(f"10.0.0.{number}:80")
    for down, healthy in ((1, True), (2, False)):
        world.health.set(f"10.0.0.{down}", 80, up=False)
        assert world.balancer.healthy is healthy
    with pytest.raises(NoPeer):
        world.pick()
    world.health.set("10.0.0.1", 80, up=True)
    assert world.balancer.healthy
    assert world.pick().ip in ("10.0.0.1", "10.0.0.3")


@pytest.mark.parametrize(("threshold", "healthy"), [(0, 3), (25, 2), (75, 0), (99, 0), (100, -1)])
def test_thresholds(algorithm: str, threshold: int, healthy: int) -> None:
    """``healthy``: how many of four may be down."""
    world = World(algorithm, healthchecks={"threshold": threshold})
    for number in range(4):
        world.add(f"10.0.0.{number}:80")
    states = [world.balancer.healthy]
    for number in range(4):
        world.health.set(f"10.0.0.{number}", 80, up=False)
        states.append(world.balancer.healthy)
    assert states == [down <= healthy for down in range(5)]


def test_weights_of_addresses_and_their_changes_show(algorithm: str) -> None:
    async def scene() -> None:
        world = World(algorithm)
        world.names.say("two.test", "A", "10.0.0.1", "10.0.0.2")
        world.add("10.0.0.9:80", 100)
        world.add("two.test:81", 25)
        await world.settled()
        assert weight(world) == (150, 150, 0)
        shown = next(host for host in hosts(world) if host["host"] == "two.test")
        assert shown == {
            "host": "two.test",
            "port": 81,
            "dns": "A",
            "nodeWeight": 25,
            "weight": {"total": 50, "available": 50, "unavailable": 0},
            "addresses": [
                {"ip": "10.0.0.1", "port": 81, "healthy": True, "weight": 25},
                {"ip": "10.0.0.2", "port": 81, "healthy": True, "weight": 25},
            ],
        }
        world.health.set("10.0.0.1", 81, up=False)
        assert world.balancer.healthy
        assert weight(world) == (150, 125, 25)
        world.add("two.test:81", 40)
        assert weight(world) == (180, 140, 40)
        world.health.set("10.0.0.1", 81, up=True)
        assert world.balancer.healthy
        assert weight(world) == (180, 180, 0)
        await world.balancers.close()

    run(scene())


def test_weights_of_services_are_those_of_their_records(algorithm: str) -> None:
    async def scene() -> None:
        world = World(algorithm)
        world.names.say("srv.test", "SRV", "1 5 8001 10.0.0.1", "1 0 8002 10.0.0.2", "2 9 8003 10.0.0.3", ttl=1)
        world.add("srv.test:80", 100)
        await world.settled()
        shown = hosts(world)[0]
        assert (shown["dns"], shown["nodeWeight"], weight(world)) == ("SRV", 100, (6, 6, 0))
        assert [(each["ip"], each["port"], each["weight"]) for each in shown["addresses"]] == [
            ("10.0.0.1", 8001, 5),
            ("10.0.0.2", 8002, 1),
        ]
        world.add("srv.test:80", 50)
        assert weight(world) == (6, 6, 0)
        world.health.set("10.0.0.1", 8001, up=False)
        assert world.balancer.healthy
        assert weight(world) == (6, 1, 5)
        world.names.say("srv.test", "SRV", "1 20 8001 10.0.0.1", "1 30 8002 10.0.0.2", ttl=300)
        world.now += 2
        await world.until(lambda: weight(world) == (50, 30, 20))
        world.health.set("10.0.0.1", 8001, up=True)
        assert world.balancer.healthy
        assert weight(world) == (50, 50, 0)
        await world.balancers.close()

    run(scene())


def test_the_weight_of_a_target_without_weight_is_none_even_for_services(algorithm: str) -> None:
    async def scene() -> None:
        world = World(algorithm)
        world.names.say("srv.test", "SRV", "1 5 8001 10.0.0.1")
        world.add("srv.test:80", 0)
        await world.settled()
        with pytest.raises(NoPeer):
            world.pick()
        world.add("srv.test:80", 1)
        assert label(world.pick()) == "10.0.0.1:8001"
        await world.balancers.close()

    run(scene())


@pytest.mark.parametrize(
    ("srv_name", "kind", "value", "expected"),
    [
        (False, "SRV", "1 1 8001 inner.test", ("10.0.0.1", 8001, "name.test")),
        (True, "SRV", "1 1 8001 inner.test", ("10.0.0.1", 8001, "inner.test")),
        (False, "SRV", "1 1 8001 10.0.0.5", ("10.0.0.5", 8001, "name.test")),
        (False, "SRV", "1 1 0 inner.test", ("10.0.0.1", 81, "name.test")),
        (False, "A", "10.0.0.7", ("10.0.0.7", 81, "name.test")),
        (True, "A", "10.0.0.7", ("10.0.0.7", 81, "name.test")),
    ],
)
@pytest.mark.parametrize("live", [False, True])
def test_names_of_peers(
    algorithm: str, srv_name: bool, kind: str, value: str, expected: tuple[str, int, str], live: bool
) -> None:
    """``live``: the flag is changed on a balancer that exists."""

    async def scene() -> None:
        world = World(algorithm, use_srv_name=srv_name is not live)
        world.names.say("inner.test", "A", "10.0.0.1")
        world.names.say("name.test", kind, value)
        world.add("name.test:81")
        await world.settled()
        if live:
            world.configure(use_srv_name=srv_name)
        peer = await world.resolve()
        assert (peer.ip, peer.port, peer.host) == expected
        world.done(peer)
        await world.balancers.close()

    run(scene())


@pytest.mark.parametrize(
    ("target", "ip", "authority"),
    [
        ("10.0.0.1:80", "10.0.0.1", "10.0.0.1"),
        ("[0000:0000:0000:0000:0000:0000:0000:0001]:80", "::1", "[::1]"),
    ],
)
def test_addresses_have_no_name(algorithm: str, target: str, ip: str, authority: str) -> None:
    world = World(algorithm)
    world.add(target)
    peer = world.pick()
    assert (peer.ip, peer.port, peer.host, peer.authority) == (ip, 80, None, authority)
    assert hosts(world)[0]["addresses"][0]["ip"] == authority


def test_without_any_usable_address_there_is_no_peer(algorithm: str) -> None:
    world = World(algorithm)
    for number in (1, 2):
        world.add(f"10.0.0.{number}:80")
        world.health.set(f"10.0.0.{number}", 80, up=False)
    with pytest.raises(NoPeer, match=NO_PEER) as raised:
        world.pick()
    assert raised.value.status == 503
    world.health.set("10.0.0.2", 80, up=True)
    assert world.pick().ip == "10.0.0.2"


def test_another_address_in_dns_heals(algorithm: str) -> None:
    async def scene() -> None:
        world = World(algorithm)
        world.names.say("name.test", "A", "10.0.0.1", ttl=1)
        world.add("name.test:80")
        await world.settled()
        world.health.set("10.0.0.1", 80, up=False)
        with pytest.raises(NoPeer):
            world.pick()
        world.names.say("name.test", "A", "10.0.0.2", ttl=300)
        world.now += 2
        await world.until(lambda: world.balancer.healthy)
        assert world.pick().ip == "10.0.0.2"
        await world.balancers.close()

    run(scene())


@pytest.mark.parametrize(
    ("kind", "value", "ttl", "shown"),
    [
        ("A", "10.0.0.1", 9, "A"),
        ("AAAA", "fd00::1", 9, "AAAA"),
        ("SRV", "1 1 80 10.0.0.1", 9, "SRV"),
        ("A", "10.0.0.1", 0, "ttl=0, virtual SRV"),
        ("TXT", "x", 9, "dns client error: 101 empty record received"),
        ("", "", 0, "dns server error: 3 name error"),
        ("fail", "", 0, "dns server error: 2 server failure"),
    ],
)
def test_the_status_tells_where_addresses_come_from(
    algorithm: str, kind: str, value: str, ttl: int, shown: str
) -> None:
    async def scene() -> None:
        world = World(algorithm)
        if kind == "fail":
            world.names.fail("name.test")
        elif kind:
            world.names.say("name.test", kind, value, ttl=ttl)
        world.add("name.test:80")
        await world.settled()
        assert hosts(world)[0]["dns"] == shown
        await world.balancers.close()

    run(scene())


def test_what_is_down_is_passed_over(algorithm: str) -> None:
    world = World(algorithm)
    for number in (1, 2, 3):
        world.add(f"10.0.0.{number}:80")
    world.health.set("10.0.0.2", 80, up=False)
    assert set(world.picks(60)) <= {"10.0.0.1:80", "10.0.0.3:80"}


def test_a_try_goes_to_who_was_not_tried(algorithm: str) -> None:
    world = World(algorithm)
    for number in range(1, 6):
        world.add(f"10.0.0.{number}:80")
    tried: list[Peer] = []
    for _ in range(5):
        peer = world.pick("same", tried)
        world.done(peer, None, failed=True)
        tried.append(peer)
    assert len({peer.ip for peer in tried}) == 5
    if algorithm == "latency":
        with pytest.raises(NoPeer):
            world.pick("same", tried)
    else:
        assert world.pick("same", tried).ip in {peer.ip for peer in tried}


def test_a_target_without_weight_is_there_and_gets_nothing(algorithm: str) -> None:
    world = World(algorithm)
    world.add("10.0.0.1:80", 0)
    world.add("10.0.0.2:80", 10)
    assert set(world.picks(50)) == {"10.0.0.2:80"}
    assert len(hosts(world)) == 2
    world.add("10.0.0.1:80", 1000)
    assert "10.0.0.1:80" in world.picks(200)
    for target in list(world.targets):
        world.add(target, 0)
    with pytest.raises(NoPeer, match=NO_PEER):
        world.pick()


def test_names_that_do_not_resolve_are_passed_over_and_come_back(algorithm: str) -> None:
    async def scene() -> None:
        world = World(algorithm)
        world.add("gone.test:80")
        world.add("10.0.0.2:80")
        await world.settled()
        assert set(world.picks(20)) == {"10.0.0.2:80"}
        world.names.say("gone.test", "A", "10.0.0.1")
        world.now += 31
        await world.until(lambda: weight(world)[0] == 200)
        assert "10.0.0.1:80" in world.picks(50)
        await world.balancers.close()

    run(scene())


def test_requests_wait_for_the_first_look_up_and_no_longer(algorithm: str) -> None:
    async def scene() -> None:
        world = World(algorithm)
        world.names.hold = asyncio.Event()
        world.names.say("name.test", "A", "10.0.0.1")
        world.add("name.test:80")
        assert world.balancer.pick(Request(), ()) is None
        waiting = [asyncio.create_task(world.resolve()) for _ in range(3)]
        await asyncio.sleep(0.01)
        world.names.hold.set()
        assert {peer.ip for peer in await asyncio.gather(*waiting)} == {"10.0.0.1"}
        assert world.pick().ip == "10.0.0.1"
        # another name that takes its time holds nobody up
        world.names.hold = asyncio.Event()
        world.add("slow.test:80")
        assert world.pick().ip == "10.0.0.1"
        await world.balancers.close()

    run(scene())


def test_every_placeholder_is_looked_up_for_each_pick(algorithm: str) -> None:
    async def scene() -> None:
        world = World(algorithm)
        world.names.say("name.test", "A", "10.0.0.1", ttl=0)
        world.add("name.test:80")
        await world.settled()
        before = world.names.questions("name.test")
        peers = [await world.resolve() for _ in range(5)]
        assert {(peer.ip, peer.port, peer.host) for peer in peers} == {("10.0.0.1", 80, "name.test")}
        assert world.names.questions("name.test") >= before + 5
        world.names.say("name.test", "A", "10.0.0.9", ttl=300)
        world.now += 60
        await world.until(lambda: hosts(world)[0]["dns"] == "A")
        assert world.pick().ip == "10.0.0.9"
        world.names.say("name.test", "A", "10.0.0.9", ttl=0)
        world.now += 301
        await world.until(lambda: hosts(world)[0]["dns"] == "ttl=0, virtual SRV")
        assert (await world.resolve()).ip == "10.0.0.9"
        await world.balancers.close()

    run(scene())


def test_a_placeholder_that_cannot_be_resolved_is_passed_over(algorithm: str) -> None:
    async def scene() -> None:
        world = World(algorithm)
        world.names.say("name.test", "A", "10.0.0.1", ttl=0)
        world.add("name.test:80")
        await world.settled()
        world.names.forget("name.test")
        with pytest.raises(NoPeer, match="name resolution failed"):
            await world.resolve()
        world.add("10.0.0.2:80")
        assert {(await world.resolve(str(number))).ip for number in range(8)} == {"10.0.0.2"}
        assert all(address.active == 0 for address in world.balancer.addresses if address.virtual)
        await world.balancers.close()

    run(scene())


def test_what_is_down_stays_down_when_names_are_renewed(algorithm: str) -> None:
    async def scene() -> None:
        world = World(algorithm)
        world.names.say("name.test", "A", "10.0.0.1", "10.0.0.2", ttl=1)
        world.add("name.test:80")
        await world.settled()
        world.health.set("10.0.0.1", 80, up=False)
        asked = world.names.questions("name.test")
        world.names.say("name.test", "A", "10.0.0.2", "10.0.0.1", "10.0.0.3", ttl=300)
        world.now += 2
        await world.until(lambda: len(world.balancer.addresses) == 3)
        assert world.names.questions("name.test") > asked
        assert set(world.picks(40)) <= {"10.0.0.2:80", "10.0.0.3:80"}
        await world.balancers.close()

    run(scene())


def test_changes_of_targets_touch_nobody_else(algorithm: str) -> None:
    world = World(algorithm)
    world.add("10.0.0.1:80")
    kept = world.balancer.addresses[0]
    kept.active = 3
    world.add("10.0.0.2:80")
    world.add("10.0.0.1:80", 50)
    world.drop("10.0.0.2:80")
    assert list(world.balancer.addresses) == [kept]
    assert (kept.active, kept.weight) == (3, 50)


def test_targets_are_listed_in_the_order_of_their_creation(algorithm: str) -> None:
    world = World(algorithm)
    for target in ("10.0.0.3:80", "a.test:80", "10.0.0.1:80"):
        world.targets[target] = {"target": target, "weight": 1, "created_at": -len(world.targets)}
    world.targets["a.test:80"]["target"] = "10.0.0.2:80"
    world.apply()
    assert [host["host"] for host in hosts(world)] == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


def test_a_balancer_that_was_removed_serves_those_who_hold_it(algorithm: str) -> None:
    world = World(algorithm)
    world.add("10.0.0.1:80")
    balancer, peer = world.balancer, world.pick()
    world.balancers.remove(world.record["id"])
    assert world.balancers.get(world.record["id"]) is None
    assert balancer.pick(Request(), ()) is peer
    balancer.done(peer, Outcome(200, seconds=0.1))


def test_the_same_configuration_again_changes_nothing(algorithm: str) -> None:
    world = World(algorithm)
    world.add("10.0.0.1:80", 2)
    world.add("10.0.0.2:80", 1)
    algorithm_before = world.balancer._algorithm
    world.apply()
    world.configure(tags=["x"])
    assert world.balancer._algorithm is algorithm_before


@pytest.mark.parametrize(
    ("kind", "value", "ip", "port"),
    [
        ("", "", "10.0.0.1", 80),
        ("A", "10.0.0.1", "10.0.0.1", 80),
        ("SRV", "1 1 8001 10.0.0.1", "10.0.0.1", 8001),
        ("SRV", "1 1 8001 inner.test", "inner.test", 8001),
    ],
)
def test_the_health_of_an_address_is_noticed_whatever_it_comes_from(
    algorithm: str, kind: str, value: str, ip: str, port: int
) -> None:
    """A service record that holds a name is one address by that name."""

    async def scene() -> None:
        world = World(algorithm)
        if kind:
            world.names.say("name.test", kind, value)
        world.names.say("inner.test", "A", "10.0.0.1")
        world.add("name.test:80" if kind else "10.0.0.1:80")
        await world.settled()
        for up in (False, True):
            world.health.set(ip, port, up=up)
            assert world.balancer.healthy is up
            assert [address["healthy"] for host in hosts(world) for address in host["addresses"]] == [up]
        peer = await world.resolve()
        world.done(peer)
        assert world.health.reports[-1][:2] == (ip, port)
        world.health.set("10.9.9.9", 1, up=False)
        assert world.balancer.healthy
        await world.balancers.close()

    run(scene())
