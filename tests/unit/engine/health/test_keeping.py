"""What nobody has configured is forgotten in time; what nobody heals is tried again, by one request at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from gwctl.engine.balancer.ports import Broken, Outcome
from gwctl.engine.health.availability import AddressId, NodeHealth
from gwctl.engine.health.keeping import MOST_DOUBLINGS, RETENTION_SECONDS, TRIAL_SECONDS, Keeping
from gwctl.engine.shared.memory import SharedMemory

ADDRESS = AddressId("10.0.0.1", 80, "a.test")
REFUSED = Outcome(failure=Broken.TCP)
PASSIVE = {
    "passive": {
        "healthy": {"http_statuses": [200], "successes": 0},
        "unhealthy": {"http_statuses": [500], "http_failures": 1, "tcp_failures": 1, "timeouts": 1},
    }
}


@dataclass
class Time:
    at: float = 1_000.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at


@dataclass
class World:
    """The keeper and two workers of a node with one upstream."""

    time: Time = field(default_factory=Time)
    memory: SharedMemory = field(default_factory=SharedMemory.create)
    addresses: dict[str, list[tuple[AddressId, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.keeper, self.worker, self.other = (
            NodeHealth(SharedMemory(os.dup(self.memory.descriptor)), self.time) for _ in range(3)
        )

    def configure(self, checks: object = PASSIVE) -> None:
        for health in (self.keeper, self.worker, self.other):
            health.configure({"id": "u1", "name": "u.test", "healthchecks": checks})
        self.addresses["u1"] = [(ADDRESS, 100)]

    def drop(self) -> None:
        for health in (self.keeper, self.worker, self.other):
            health.drop("u1")
        self.addresses.clear()

    def keeping(self, recovery: float = 0.0) -> Keeping:
        return Keeping(self.keeper, lambda key: self.addresses.get(key, ()), self.time, recovery=recovery)

    def up(self) -> list[bool]:
        return [health.up("u1", *ADDRESS) for health in (self.worker, self.other)]

    def taken(self) -> list[bool]:
        return [health.offers("u1", *ADDRESS) and health.take("u1", *ADDRESS) for health in (self.worker, self.other)]


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    world.configure()
    yield world
    for health in (world.keeper, world.worker, world.other):
        health.memory.close()


def test_health_outlives_its_configuration_for_a_while(world: World) -> None:
    keeping = world.keeping()
    world.worker.report("u1", *ADDRESS, REFUSED)
    assert world.up() == [False, False]
    keeping.tick()
    world.drop()
    keeping.tick()
    world.time.at += RETENTION_SECONDS - 1
    keeping.tick()
    world.configure()
    keeping.tick()
    assert world.up() == [False, False], "it came back in time"
    world.drop()
    keeping.tick()
    world.time.at += RETENTION_SECONDS - 1
    keeping.tick()
    world.time.at += 1
    keeping.tick()
    world.configure()
    assert world.up() == [True, True]
    assert list(world.keeper.table.entries()) == []


def test_without_the_setting_nothing_heals_by_itself(world: World) -> None:
    keeping = world.keeping()
    world.worker.report("u1", *ADDRESS, REFUSED)
    world.time.at += 10_000_000
    keeping.tick()
    assert (world.up(), world.taken()) == ([False, False], [False, False])


def test_one_request_of_the_node_tries_and_heals(world: World) -> None:
    keeping = world.keeping(10.0)
    world.worker.report("u1", *ADDRESS, REFUSED)
    keeping.tick()
    world.time.at += 9.9
    keeping.tick()
    assert world.taken() == [False, False]
    epoch = world.worker.epoch
    world.time.at += 0.1
    keeping.tick()
    assert world.worker.epoch > epoch, "balancers look"
    assert world.up() == [False, False]
    assert world.taken() == [True, False]
    keeping.tick()
    assert world.taken() == [False, False]
    world.worker.report("u1", *ADDRESS, Outcome(200))
    assert world.up() == [True, True]


def test_trials_that_fail_become_rarer(world: World) -> None:
    keeping = world.keeping(10.0)
    world.worker.report("u1", *ADDRESS, REFUSED)
    for failed in range(MOST_DOUBLINGS + 3):
        wait = 10.0 * 2 ** min(failed, MOST_DOUBLINGS)
        world.time.at += wait - 0.1
        keeping.tick()
        assert world.taken() == [False, False]
        world.time.at += 0.1
        keeping.tick()
        assert world.taken() == [True, False]
        world.worker.report("u1", *ADDRESS, Outcome(500) if failed % 2 else REFUSED)
        assert world.up() == [False, False]


def test_a_trial_that_nobody_ended_is_offered_again(world: World) -> None:
    keeping = world.keeping(10.0)
    world.worker.report("u1", *ADDRESS, REFUSED)
    world.time.at += 10
    keeping.tick()
    assert world.taken() == [True, False]
    world.time.at += TRIAL_SECONDS
    keeping.tick()
    assert world.taken() == [True, False]


def test_probes_and_people_are_not_meddled_with(world: World) -> None:
    keeping = world.keeping(10.0)
    world.worker.mark("u1", ADDRESS, healthy=False)
    world.time.at += 100
    keeping.tick()
    assert world.taken() == [False, False], "a person took it out"
    world.worker.mark("u1", ADDRESS, healthy=True)
    world.configure({**PASSIVE, "active": {"unhealthy": {"interval": 5}}})
    world.worker.report("u1", *ADDRESS, REFUSED)
    world.time.at += 100
    keeping.tick()
    assert (world.up(), world.taken()) == ([False, False], [False, False]), "probes heal it"
