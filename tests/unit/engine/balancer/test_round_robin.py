"""Weighted round-robin (proxy.md 6.4; 17.2, round-robin)."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.engine.balancer.addresses import TargetAddress
from gwctl.engine.balancer.algorithm import least_tried
from gwctl.engine.balancer.peers import NoPeer, Peer
from gwctl.engine.balancer.round_robin import RoundRobin
from tests.tools.balancing import Request, World, run

ASK = Request()


def shares(**weights: int) -> World:
    world = World()
    for name, weight in weights.items():
        world.add(f"10.0.0.{name[1:]}:80", weight)
    return world


@given(st.lists(st.integers(0, 20), min_size=1, max_size=6), st.integers(0, 1000))
def test_every_cycle_gives_each_address_its_share(weights: list[int], seed: int) -> None:
    total = sum(weights)
    ring = RoundRobin(random.Random(seed))
    ring.arrange([TargetAddress("127.0.0.1", port, None, weight) for port, weight in enumerate(weights)], len(weights))
    picks = [ring.pick(ASK, ()) for _ in range(total * 3)]
    for cycle in range(3):
        counted = Counter(each.port for each in picks[cycle * total : (cycle + 1) * total] if each is not None)
        assert [counted[i] for i in range(len(weights))] == weights


@pytest.mark.parametrize(
    ("weights", "picks", "expected"),
    [
        ({"a1": 10, "a2": 10}, 100, [50, 50]),
        ({"a1": 10, "a2": 10, "a3": 5}, 100, [40, 40, 20]),
        ({"a1": 10, "a2": 15}, 100, [40, 60]),
        ({"a1": 100, "a2": 50}, 30, [20, 10]),
        ({"a1": 1, "a2": 1}, 10, [5, 5]),
        ({"a1": 10, "a2": 0}, 10, [10]),
        ({"a1": 65535, "a2": 65534}, 2 * 65535 - 1, [65535, 65534]),
    ],
)
def test_distributions_of_the_reference(weights: dict[str, int], picks: int, expected: list[int]) -> None:
    assert sorted(shares(**weights).picks(picks).values()) == sorted(expected)


def test_an_address_with_a_low_weight_that_comes_first_is_fine() -> None:
    world = shares(a1=1, a2=60000)
    assert len(world.picks(60001)) == 2


def test_addresses_of_a_name_share_with_others_by_weight() -> None:
    async def scene() -> None:
        world = World()
        world.names.say("two.test", "A", "10.0.0.1", "10.0.0.2")
        world.add("two.test:80", 5)
        world.add("10.0.0.3:80", 10)
        await world.settled()
        assert world.picks(4) == {"10.0.0.1:80": 1, "10.0.0.2:80": 1, "10.0.0.3:80": 2}
        world.add("two.test:80", 25)
        assert world.picks(12) == {"10.0.0.1:80": 5, "10.0.0.2:80": 5, "10.0.0.3:80": 2}
        await world.balancers.close()

    run(scene())


@pytest.mark.parametrize("order", [("10.0.0.1", "10.0.0.2"), ("10.0.0.2", "10.0.0.1")])
def test_no_order_matters(order: tuple[str, str]) -> None:
    """Neither of records in an answer nor of targets."""

    async def scene() -> None:
        world = World()
        world.names.say("two.test", "A", *order)
        for target in ("two.test:80", "10.0.0.3:80") if order[0] == "10.0.0.1" else ("10.0.0.3:80", "two.test:80"):
            world.add(target, 10)
        await world.settled()
        assert world.picks(30) == dict.fromkeys(("10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"), 10)
        await world.balancers.close()

    run(scene())


def test_targets_with_many_options_and_the_same_host_on_other_ports() -> None:
    world = World(healthchecks={"threshold": 0})
    for port in range(80, 90):
        world.add(f"10.0.0.1:{port}", 7)
    world.add("10.0.0.1:80", 14)
    assert world.balancer.weight.total == 14 + 9 * 7
    assert len(world.balancer.addresses) == 10
    assert world.picks(11)["10.0.0.1:80"] == 2


def test_what_is_down_gives_its_turns_to_the_others_in_proportion() -> None:
    world = shares(a1=10, a2=20, a3=30)
    world.health.set("10.0.0.3", 80, up=False)
    assert world.picks(30) == {"10.0.0.1:80": 10, "10.0.0.2:80": 20}
    world.health.set("10.0.0.3", 80, up=True)
    assert world.picks(60) == {"10.0.0.1:80": 10, "10.0.0.2:80": 20, "10.0.0.3:80": 30}


def test_the_last_target_can_go() -> None:
    world = shares(a1=10)
    world.drop("10.0.0.1:80")
    with pytest.raises(NoPeer):
        world.pick()
    world.add("10.0.0.1:80")
    assert world.pick().ip == "10.0.0.1"


def test_a_name_that_does_not_resolve_takes_no_weight_and_comes_back_with_its_new_one() -> None:
    async def scene() -> None:
        world = World()
        world.names.fail("dark.test", silent=True)
        world.add("dark.test:80", 10)
        world.add("10.0.0.2:80", 10)
        await world.settled()
        assert world.balancer.weight.total == 10
        world.add("dark.test:80", 30)
        assert world.balancer.weight.total == 10
        world.names.say("dark.test", "A", "10.0.0.1")
        world.now += 30
        await world.until(lambda: world.balancer.weight.total == 40)
        assert world.picks(4) == {"10.0.0.1:80": 3, "10.0.0.2:80": 1}
        await world.balancers.close()

    run(scene())


def test_a_placeholder_takes_its_share() -> None:
    async def scene() -> None:
        world = World()
        world.names.say("zero.test", "A", "10.0.0.1", ttl=0)
        world.add("zero.test:80", 10)
        world.add("10.0.0.2:80", 10)
        await world.settled()
        assert Counter([(await world.resolve()).ip for _ in range(10)]) == {"10.0.0.1": 5, "10.0.0.2": 5}
        world.add("zero.test:80", 40)
        assert Counter([(await world.resolve()).ip for _ in range(10)]) == {"10.0.0.1": 8, "10.0.0.2": 2}
        await world.balancers.close()

    run(scene())


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("A", ("10.0.0.1", "10.0.0.2"), ("10.0.0.2", "10.0.0.1")),
        ("AAAA", ("fd00::1", "fd00::2"), ("fd00::2", "fd00::1")),
        ("SRV", ("1 5 81 10.0.0.1", "1 7 82 10.0.0.2"), ("1 7 82 10.0.0.2", "1 5 81 10.0.0.1")),
    ],
)
@pytest.mark.parametrize("algorithm", ["round-robin", "consistent-hashing"])
def test_a_renewal_with_the_same_records_changes_nothing(
    algorithm: str, kind: str, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    async def scene() -> None:
        world = World(algorithm)
        world.names.say("name.test", kind, *before, ttl=10)
        world.add("name.test:80")
        await world.settled()
        kept = list(world.balancer.addresses)
        world.names.say("name.test", kind, *after, ttl=10)
        asked = world.names.questions("name.test")
        world.now += 10.4
        await world.until(lambda: True)
        assert world.names.questions("name.test") == asked
        world.now += 0.1
        await world.until(lambda: world.names.questions("name.test") > asked)
        assert list(world.balancer.addresses) == kept
        await world.balancers.close()

    run(scene())


def test_an_address_that_changes_is_replaced_and_the_others_stay() -> None:
    async def scene() -> None:
        world = World()
        world.names.say("name.test", "A", "10.0.0.1", "10.0.0.2", ttl=10)
        world.add("name.test:80", 10)
        await world.settled()
        kept = next(each for each in world.balancer.addresses if each.ip == "10.0.0.2")
        world.names.say("name.test", "A", "10.0.0.3", "10.0.0.2", ttl=10)
        world.now += 10.5
        await world.until(lambda: {each.ip for each in world.balancer.addresses} == {"10.0.0.2", "10.0.0.3"})
        assert any(each is kept for each in world.balancer.addresses)
        await world.balancers.close()

    run(scene())


def test_a_name_that_is_gone_takes_its_addresses_with_it_and_brings_them_back() -> None:
    async def scene() -> None:
        world = World()
        world.names.say("name.test", "A", "10.0.0.1", ttl=10)
        world.add("name.test:80")
        await world.settled()
        world.names.forget("name.test")
        world.now += 10.5
        await world.until(lambda: not world.balancer.addresses)
        assert not world.balancer.healthy
        world.names.say("name.test", "A", "10.0.0.1", ttl=10)
        world.now += 30
        await world.until(lambda: world.balancer.healthy)
        await world.balancers.close()

    run(scene())


def test_servers_that_fail_take_no_address_away() -> None:
    """F39: the last answer serves until it is stale."""

    async def scene() -> None:
        world = World()
        world.names.say("name.test", "A", "10.0.0.1", ttl=10)
        world.add("name.test:80")
        await world.settled()
        world.names.fail("name.test", silent=True)
        for _ in range(20):
            asked = world.names.questions("name.test")
            world.now += 11
            await world.until(lambda before=asked: world.names.questions("name.test") > before)
            assert world.pick().ip == "10.0.0.1"
        world.now += world.config.stale_ttl
        await world.until(lambda: not world.balancer.healthy)
        await world.balancers.close()

    run(scene())


@given(st.lists(st.integers(0, 4), max_size=12))
def test_only_those_with_the_fewest_tries_are_left(tries: list[int]) -> None:
    addresses = [TargetAddress("10.0.0.1", port, None, 1) for port in range(5)]
    left = least_tried(addresses, [Peer("10.0.0.1", port, None) for port in tries])
    fewest = min(tries.count(port) for port in range(5))
    assert [each.port for each in left] == [port for port in range(5) if tries.count(port) == fewest]
