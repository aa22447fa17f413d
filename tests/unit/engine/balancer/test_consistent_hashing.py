"""Consistent hashing: exact rings of the reference, and what moves when they change (proxy.md 6.4; 17.2 37-59)."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwctl.engine.balancer.addresses import TargetAddress
from gwctl.engine.balancer.consistent_hashing import ConsistentHashing
from gwctl.engine.balancer.hashing import hash_rule
from gwctl.engine.balancer.peers import Peer
from tests.tools.balancing import Request, World, label, run

RULE = hash_rule({"hash_on": "header", "hash_on_header": "x-hash"})


def hashing(**weights: int) -> World:
    world = World("consistent-hashing")
    for name, weight in weights.items():
        world.add(f"10.0.0.{name[1:]}:80", weight)
    return world


def owners(world: World, keys: int = 1500) -> list[str]:
    return [label(world.pick(f"key {number}")) for number in range(keys)]


def test_keys_spread_by_weight_and_stay() -> None:
    world = hashing(a1=10, a2=5)
    first = owners(world)
    assert 900 <= first.count("10.0.0.1:80") <= 1100
    assert 400 <= first.count("10.0.0.2:80") <= 600
    assert owners(world) == first


@pytest.mark.parametrize(("before", "after", "most"), [(5, 6, 0.20), (5, 8, 0.40), (6, 8, 0.25)])
def test_few_keys_move_when_nodes_are_added(before: int, after: int, most: float) -> None:
    world = hashing(**{f"a{number}": 10 for number in range(before)})
    first = owners(world, 5000)
    for number in range(before, after):
        world.add(f"10.0.0.{number}:80", 10)
    moved = sum(old != new for old, new in zip(first, owners(world, 5000), strict=True))
    assert moved / 5000 < most


def test_keys_of_an_address_that_is_down_go_to_others_and_come_back() -> None:
    world = hashing(a1=10, a2=10, a3=10)
    first = owners(world)
    world.health.set("10.0.0.2", 80, up=False)
    second = owners(world)
    assert "10.0.0.2:80" not in second
    assert all(old == new for old, new in zip(first, second, strict=True) if old != "10.0.0.2:80")
    world.health.set("10.0.0.2", 80, up=True)
    assert owners(world) == first


def test_a_key_whose_address_failed_goes_where_it_would_go_without_it() -> None:
    world = hashing(a1=10, a2=10, a3=10)
    failed = world.pick("key")
    second = world.pick("key", [failed])
    world.health.set(failed.ip, failed.port, up=False)
    assert world.pick("key") == second != failed


def test_two_addresses_of_one_target() -> None:
    async def scene() -> None:
        world = World("consistent-hashing")
        world.names.say("two.test", "A", "10.0.0.1", "10.0.0.2")
        world.add("two.test:80", 10)
        await world.settled()
        assert world.ring() == {"10.0.0.1:80": 80, "10.0.0.2:80": 80}
        world.add("10.0.0.3:80", 20)
        assert world.ring() == {"10.0.0.1:80": 80, "10.0.0.2:80": 80, "10.0.0.3:80": 160}
        world.add("10.0.0.3:80", 10)
        assert set(world.ring().values()) == {106}
        world.add("two.test:80", 25)
        assert world.ring() == {"10.0.0.1:80": 133, "10.0.0.2:80": 133, "10.0.0.3:80": 53}
        world.drop("two.test:80")
        assert world.ring() == {"10.0.0.3:80": 160}
        world.drop("10.0.0.3:80")
        assert world.ring() == {}
        await world.balancers.close()

    run(scene())


def test_a_placeholder_has_points_by_its_weight() -> None:
    async def scene() -> None:
        world = World("consistent-hashing")
        world.names.say("zero.test", "A", "10.0.0.1", ttl=0)
        world.add("zero.test:80", 50)
        world.add("10.0.0.2:80", 50)
        await world.settled()
        assert world.ring() == {"zero.test:80": 160, "10.0.0.2:80": 160}
        world.add("zero.test:80", 150)
        assert world.ring() == {"zero.test:80": 240, "10.0.0.2:80": 80}
        await world.balancers.close()

    run(scene())


def test_a_name_without_answer_leaves_its_points_and_gets_them_by_its_new_weight() -> None:
    async def scene() -> None:
        world = World("consistent-hashing")
        world.add("late.test:80", 50)
        world.add("10.0.0.2:80", 50)
        await world.settled()
        assert world.ring() == {"10.0.0.2:80": 320}
        world.add("late.test:80", 100)
        world.names.say("late.test", "A", "10.0.0.1")
        world.now += 30
        await world.until(lambda: len(world.balancer.addresses) == 2)
        assert world.ring() == {"10.0.0.1:80": 213, "10.0.0.2:80": 106}
        await world.balancers.close()

    run(scene())


def test_services_go_by_the_weights_of_their_records() -> None:
    async def scene() -> None:
        world = World("consistent-hashing")
        world.names.say("srv.test", "SRV", "1 10 81 10.0.0.1", "1 10 82 10.0.0.2")
        world.names.say("low.test", "SRV", "1 5 81 10.0.0.3", "1 5 82 10.0.0.4")
        world.add("srv.test:80", 999)
        world.add("low.test:80", 1)
        await world.settled()
        expected = {"10.0.0.1:81": 106, "10.0.0.2:82": 106, "10.0.0.3:81": 53, "10.0.0.4:82": 53}
        assert world.ring() == expected
        world.add("srv.test:80", 5)
        assert world.ring() == expected
        await world.balancers.close()

    run(scene())


def test_extreme_weights() -> None:
    assert hashing(a1=65535, a2=1).ring() == {"10.0.0.1:80": 319, "10.0.0.2:80": 1}


def ring(addresses: Sequence[tuple[int, int]], slots: int = 10000) -> ConsistentHashing:
    algorithm = ConsistentHashing(RULE, slots)
    algorithm.arrange([TargetAddress("10.0.0.1", port, None, weight) for port, weight in addresses], len(addresses))
    return algorithm


NODES = st.lists(
    st.tuples(st.integers(1, 65535), st.integers(1, 65535)), min_size=1, max_size=40, unique_by=lambda x: x[0]
)


@settings(max_examples=40, deadline=None)
@given(NODES, st.sampled_from((10, 1000, 10000)), st.integers(0, 99))
def test_a_ring_depends_on_nothing_but_addresses_and_weights(
    nodes: list[tuple[int, int]], slots: int, seed: int
) -> None:
    shuffled = random.Random(seed).sample(nodes, len(nodes))
    one, other = ring(nodes, slots), ring(shuffled, slots)
    assert one.entries() == other.entries()
    assert set(one.entries()) == {Peer("10.0.0.1", port, None) for port, _ in nodes}
    for number in range(50):
        assert one.pick(Request(str(number)), ()) == other.pick(Request(str(number)), ())


def test_a_crowd_leaves_nobody_out() -> None:
    crowd = [(port, 65535 if port == 1 else 1) for port in range(1, 3001)]
    assert len(ring(crowd).entries()) == 3000
