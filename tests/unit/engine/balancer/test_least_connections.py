"""Least connections (proxy.md 6.4; 17.2 27-36)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gwctl.engine.balancer.peers import Peer
from tests.tools.balancing import World, label, run

A, B = "10.0.0.1:80", "10.0.0.2:80"


def world_of(*weights: int) -> World:
    world = World("least-connections")
    for number, weight in enumerate(weights, 1):
        world.add(f"10.0.0.{number}:80", weight)
    return world


def test_records_of_services_have_their_ports_and_weights() -> None:
    async def scene() -> None:
        world = World("least-connections")
        world.names.say("srv.test", "SRV", "1 20 8001 10.0.0.1", "1 50 8002 10.0.0.2")
        world.add("srv.test:80")
        await world.settled()
        assert {(each.ip, each.port, each.weight) for each in world.balancer.addresses} == {
            ("10.0.0.1", 8001, 20),
            ("10.0.0.2", 8002, 50),
        }
        await world.balancers.close()

    run(scene())


def test_requests_that_stay_spread_by_weight() -> None:
    assert world_of(20, 50).picks(70, release=False) == {A: 20, B: 50}


def test_the_heaviest_idle_one_comes_first() -> None:
    world = world_of(20, 50)
    assert [label(world.pick()) for _ in range(3)] == [B, B, A]


def test_what_comes_back_catches_up() -> None:
    world = world_of(20, 50)
    world.health.set("10.0.0.1", 80, up=False)
    assert world.picks(70, release=False) == {B: 70}
    world.health.set("10.0.0.1", 80, up=True)
    world.picks(70, release=False)
    assert {label(each): each.active for each in world.balancer.addresses} == {A: 40, B: 100}


def test_tries_avoid_what_failed_and_start_over_when_all_did() -> None:
    world = world_of(100, 50, 20)
    tried: list[Peer] = []
    for _ in range(6):
        peer = world.pick("", tried)
        assert sum(each.active for each in world.balancer.addresses) == 1
        world.done(peer, failed=True)
        tried.append(peer)
    assert {label(peer): tried.count(peer) for peer in tried} == {A: 2, B: 2, "10.0.0.3:80": 2}
    assert len(set(tried[:3])) == 3


def test_a_release_counts_and_is_safe_after_the_address_was_removed() -> None:
    world = world_of(10, 10)
    held = [world.pick() for _ in range(4)]
    gone = next(peer for peer in held if label(peer) == A)
    world.drop(A)
    for peer in held:
        world.done(peer)
    assert gone.active == 0  # type: ignore[attr-defined]
    assert {label(each): each.active for each in world.balancer.addresses} == {B: 0}
    assert world.picks(10) == {B: 10}


def test_idle_equals_take_turns() -> None:
    assert world_of(10, 10).picks(10) == {A: 5, B: 5}


def test_a_trial_of_what_is_down_counts_as_well() -> None:
    world = world_of(10, 10)
    world.health.offered.add(("10.0.0.1", 80))
    world.health.set("10.0.0.1", 80, up=False)
    trial = world.pick()
    assert (label(trial), trial.active) == (A, 1)  # type: ignore[attr-defined]
    world.done(trial)
    assert trial.active == 0  # type: ignore[attr-defined]
    assert label(world.pick()) == B


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=6),
    st.lists(st.one_of(st.just(-1), st.integers(0, 30)), max_size=120),
)
def test_the_lowest_share_is_picked_whatever_came_before(weights: list[int], steps: list[int]) -> None:
    """-1 picks, other numbers end one of the requests on their way. Against a search over all addresses."""
    world = world_of(*weights)
    open_: list[Peer] = []
    active = dict.fromkeys(range(1, len(weights) + 1), 0)
    for step in steps:
        if step < 0:
            peer = world.pick()
            chosen = int(peer.ip.rpartition(".")[2])
            shares = {number: (count + 1) / weights[number - 1] for number, count in active.items()}
            assert shares[chosen] == min(shares.values())
            active[chosen] += 1
            open_.append(peer)
        elif open_:
            peer = open_.pop(step % len(open_))
            active[int(peer.ip.rpartition(".")[2])] -= 1
            world.done(peer)
    assert {int(each.ip.rpartition(".")[2]): each.active for each in world.balancer.addresses} == active


@given(st.permutations(["round-robin", "least-connections", "latency"]), st.integers(1, 4))
def test_requests_that_another_algorithm_began_leave_no_count(order: list[str], requests: int) -> None:
    world = world_of(100, 100)
    begun = []
    for algorithm in [*order, "least-connections"]:
        world.configure(algorithm=algorithm)
        begun += [world.pick() for _ in range(requests)]
    assert all(each.active >= 0 for each in world.balancer.addresses)
    for peer in begun:
        world.done(peer)
    assert [each.active for each in world.balancer.addresses] == [0, 0]


def test_who_went_down_under_another_algorithm_is_not_ranked() -> None:
    world = world_of(100, 100)
    begun = [world.pick(), world.pick()]
    world.configure(algorithm="round-robin")
    world.health.set("10.0.0.1", 80, up=False)
    world.configure(algorithm="least-connections")
    for peer in begun:
        world.done(peer)
    assert world.picks(10, release=False) == {B: 10}
