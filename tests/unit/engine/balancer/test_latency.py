"""Lowest latency (proxy.md 6.4; 17.2 110-117)."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.engine.balancer.peers import NoPeer, Peer
from tests.tools.balancing import World, label

A, B = "10.0.0.1:80", "10.0.0.2:80"


def world_of(*names: int, weight: int = 100) -> World:
    world = World("latency")
    for number in names:
        world.add(f"10.0.0.{number}:80", weight)
    return world


def serve(world: World, count: int, seconds: dict[str, float]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for _ in range(count):
        peer = world.pick()
        counted[label(peer)] = counted.get(label(peer), 0) + 1
        world.done(peer, seconds[label(peer)])
    return counted


def test_the_quick_one_takes_all_once_both_are_known() -> None:
    world = world_of(1, 2)
    serve(world, 2, {A: 0.1, B: 0.5})
    assert serve(world, 70, {A: 0.1, B: 0.5}) == {A: 70}


def test_traffic_alternates_when_answers_do() -> None:
    world = world_of(1, 2)
    serve(world, 2, {A: 0.1, B: 0.2})
    world.now += 20
    assert label(world.pick()) == A
    world.done(world.pick(), 5.0)
    assert label(world.pick()) == B


def test_what_is_down_is_skipped_even_if_it_is_the_quickest() -> None:
    world = world_of(1, 2)
    serve(world, 2, {A: 0.1, B: 0.5})
    world.health.set("10.0.0.1", 80, up=False)
    assert serve(world, 20, {B: 0.5}) == {B: 20}


def test_traffic_moves_when_latencies_are_reversed_for_a_while() -> None:
    world = world_of(1, 2)
    serve(world, 50, {A: 0.1, B: 0.5})
    for _ in range(100):
        world.now += 0.2
        serve(world, 1, {A: 0.9, B: 0.1})
    assert serve(world, 20, {A: 0.9, B: 0.1}) == {B: 20}


def test_what_comes_back_keeps_what_is_known_of_it() -> None:
    world = world_of(1, 2)
    serve(world, 10, {A: 0.1, B: 0.5})
    world.health.set("10.0.0.1", 80, up=False)
    serve(world, 10, {B: 0.5})
    world.health.set("10.0.0.1", 80, up=True)
    peer = world.pick()
    assert label(peer) == A
    world.now += 60
    world.done(peer, 3.0)
    serve(world, 1, {A: 3.0, B: 0.5})
    assert serve(world, 20, {A: 3.0, B: 0.5}) == {B: 20}


def test_a_slow_one_is_asked_again_after_a_while() -> None:
    world = world_of(1, 2)
    serve(world, 2, {A: 0.1, B: 0.5})
    seen = set()
    for _ in range(60):
        world.now += 1.0
        seen |= set(serve(world, 1, {A: 0.1, B: 0.5}))
    assert seen == {A, B}


def test_tries_avoid_what_failed_until_nobody_is_left() -> None:
    world = world_of(1, 2, 3)
    tried: list[Peer] = []
    for _ in range(3):
        peer = world.pick("", tried)
        world.done(peer, None, failed=True)
        tried.append(peer)
    assert len(set(tried)) == 3
    with pytest.raises(NoPeer):
        world.pick("", tried)


def test_a_new_address_begins_at_the_mean_of_the_others() -> None:
    world = world_of(1, 2)
    serve(world, 2, {A: 0.2, B: 0.6})
    world.add("10.0.0.3:80")
    new = next(each for each in world.balancer.addresses if each.ip == "10.0.0.3")
    assert new.latency == pytest.approx(0.4)


def test_weight_divides() -> None:
    world = world_of(1, 2)
    serve(world, 2, {A: 0.4, B: 0.5})
    world.add(B, 200)
    assert label(world.pick()) == B


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0.001, 5)), min_size=1, max_size=60))
def test_the_lowest_faded_average_is_picked(steps: list[tuple[float, float]]) -> None:
    """Against the averages computed plainly."""
    world = world_of(1, 2, 3)
    average: dict[str, tuple[float, float]] = {}
    for pause, seconds in steps:
        world.now += pause
        peer = world.pick()
        scores = {
            name: value * math.exp(-(world.now - at) / 10) for name, (value, at) in average.items()
        } | dict.fromkeys({A, B, "10.0.0.3:80"} - set(average), 0.0)
        assert scores[label(peer)] <= min(scores.values()) * (1 + 1e-9) + 1e-12
        name = label(peer)
        if name in average:
            value, at = average[name]
            share = math.exp(-(world.now - at) / 10)
            average[name] = value * share + seconds * (1 - share), world.now
        else:
            average[name] = seconds, world.now
        world.done(peer, seconds)
