"""A version is acknowledged once, when every worker serves it and never before."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gwctl.node.messages import Available, Swapped
from gwctl.node.rollout import Rollout


def available(number: int) -> Available:
    return Available("L", number, f"{number:032x}", number)


def swapped(number: int) -> Swapped:
    return Swapped("L", number, f"{number:032x}", number)


def test_the_last_worker_completes_a_version() -> None:
    rollout = Rollout()
    assert rollout.swapped(1, swapped(0)) is None
    assert rollout.swapped(2, swapped(0)) is None
    assert rollout.available(available(7)) is None
    assert rollout.swapped(1, swapped(7)) is None
    assert rollout.swapped(2, swapped(7)) == swapped(7)


def test_a_worker_that_leaves_no_longer_holds_a_version_back() -> None:
    rollout = Rollout()
    rollout.swapped(1, swapped(0))
    rollout.swapped(2, swapped(0))
    rollout.available(available(7))
    rollout.swapped(1, swapped(7))
    assert rollout.left(2) == swapped(7)


def test_an_agent_that_says_the_version_again_hears_the_acknowledgement_again() -> None:
    rollout = Rollout()
    rollout.swapped(1, swapped(7))
    assert rollout.available(available(7)) == swapped(7)
    assert rollout.available(available(7)) == swapped(7)


def test_without_workers_nothing_is_acknowledged() -> None:
    rollout = Rollout()
    assert rollout.available(available(7)) is None
    assert rollout.current is None


def test_the_same_version_with_other_content_is_another_one() -> None:
    rollout = Rollout()
    rollout.swapped(1, swapped(7))
    assert rollout.available(Available("L", 7, "f" * 32, 7)) is None
    assert rollout.swapped(1, Swapped("L", 7, "f" * 32, 7)) == Swapped("L", 7, "f" * 32, 7)


def test_the_node_serves_what_its_slowest_worker_serves() -> None:
    rollout = Rollout()
    rollout.swapped(1, swapped(6))
    rollout.swapped(2, swapped(6))
    rollout.available(available(7))
    rollout.swapped(2, swapped(7))
    assert rollout.current == swapped(6)


class Workers(RuleBasedStateMachine):
    """Workers come, swap and leave in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.rollout = Rollout()
        self.target = 0
        self.serving: dict[int, int] = {}
        self.acknowledged: list[int] = []

    def heard(self, message: Swapped | None) -> None:
        if message is not None:
            assert set(self.serving.values()) == {message.number} == {self.target}
            self.acknowledged.append(message.number)

    @rule()
    def announce(self) -> None:
        self.target += 1
        self.heard(self.rollout.available(available(self.target)))

    @rule(pid=st.integers(1, 4), back=st.integers(0, 2))
    def swap(self, pid: int, back: int) -> None:
        number = max(0, self.target - back)
        self.serving[pid] = number
        self.heard(self.rollout.swapped(pid, swapped(number)))

    @rule(pid=st.integers(1, 4))
    def leave(self, pid: int) -> None:
        self.serving.pop(pid, None)
        self.heard(self.rollout.left(pid))

    @invariant()
    def what_all_serve_is_acknowledged(self) -> None:
        if self.target and self.serving and set(self.serving.values()) == {self.target}:
            assert self.target in self.acknowledged


TestWorkers = Workers.TestCase
TestWorkers.settings = settings(max_examples=60, stateful_step_count=30)
