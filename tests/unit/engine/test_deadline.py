"""A deadline that moves, on a loop whose time is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gwctl.engine.deadline import Deadline


class FakeHandle:
    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at = at
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeLoop:
    """Time that only ``go`` moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.handles: list[FakeHandle] = []

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, call: Callable[[], None]) -> FakeHandle:
        handle = FakeHandle(at, call)
        self.handles.append(handle)
        return handle

    def go(self, to: float) -> None:
        while due := [handle for handle in self.handles if handle.at <= to and not handle.cancelled]:
            first = min(due, key=lambda handle: handle.at)
            self.now = first.at
            self.handles.remove(first)
            first.call()
        self.now = to


def make() -> tuple[Any, Deadline, list[float]]:
    loop: Any = FakeLoop()
    fired: list[float] = []
    return loop, Deadline(loop, lambda: fired.append(loop.now)), fired


def test_it_expires_once_at_its_time() -> None:
    loop, deadline, fired = make()
    deadline.set(5)
    loop.go(4.9)
    assert fired == []
    loop.go(20)
    assert fired == [5]


def test_a_later_time_needs_no_new_timer() -> None:
    loop, deadline, fired = make()
    deadline.set(5)
    for second in range(1, 5):
        loop.go(second)
        deadline.set(5)
    assert len(loop.handles) == 1
    loop.go(20)
    assert fired == [9]


def test_an_earlier_time_counts() -> None:
    loop, deadline, fired = make()
    deadline.set(60)
    deadline.set(1)
    loop.go(100)
    assert fired == [1]


def test_a_cleared_deadline_never_expires() -> None:
    loop, deadline, fired = make()
    deadline.set(5)
    deadline.clear()
    loop.go(100)
    deadline.set(5)
    deadline.close()
    loop.go(200)
    assert fired == []
