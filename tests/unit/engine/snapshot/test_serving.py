"""How long an old version's records are held: as long as its requests read them, within bounds."""

from __future__ import annotations

import pytest

from gwctl.engine.chain.plan import Plan
from gwctl.engine.router.index import RouteIndex
from gwctl.engine.snapshot import Snapshot, Snapshots
from gwctl.engine.snapshot.serving import MOST_RETIRED, RETIRED_SECONDS
from tests.integration.engine.records import MemoryView


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def snapshots(clock: Hand) -> Snapshots:
    return Snapshots(clock)


ROUTES: RouteIndex[Plan] = RouteIndex()


def version(number: int) -> tuple[Snapshot, MemoryView]:
    view = MemoryView({}, number)
    return Snapshot(view, ROUTES, frozenset()), view


def test_a_view_nobody_reads_is_closed_when_another_version_comes(snapshots: Snapshots) -> None:
    (first, view), (second, other) = version(1), version(2)
    snapshots.swap(first)
    snapshots.swap(second)

    assert view.closed
    assert not other.closed


def test_a_request_under_way_keeps_its_version(snapshots: Snapshots) -> None:
    (first, view), (second, _) = version(1), version(2)
    snapshots.swap(first)
    first.acquire()
    snapshots.swap(second)

    assert not view.closed
    assert first.records is view
    first.release()
    assert view.closed


def test_one_that_lasts_reads_from_the_current_version_after_a_while(snapshots: Snapshots, clock: Hand) -> None:
    (first, view), (second, _), (third, newest) = version(1), version(2), version(3)
    snapshots.swap(first)
    first.acquire()
    snapshots.swap(second)
    clock.seconds += RETIRED_SECONDS + 1
    snapshots.swap(third)

    assert view.closed
    assert first.records is newest
    first.release()


def test_only_so_many_old_versions_are_held(snapshots: Snapshots) -> None:
    made = [version(number) for number in range(MOST_RETIRED + 3)]
    for snapshot, _ in made:
        snapshot.acquire()
        snapshots.swap(snapshot)

    assert [view.closed for _, view in made] == [True, True] + [False] * (MOST_RETIRED + 1)


def test_those_that_ended_do_not_count(snapshots: Snapshots) -> None:
    slow, kept = version(0)
    slow.acquire()
    snapshots.swap(slow)
    before = None
    for number in range(1, MOST_RETIRED * 3):
        snapshot, _ = version(number)
        snapshot.acquire()
        snapshots.swap(snapshot)
        if before is not None:
            before.release()
        before = snapshot

    assert not kept.closed
    assert slow.records is kept


def test_nothing_is_held_after_the_end(snapshots: Snapshots) -> None:
    (first, view), (second, other) = version(1), version(2)
    snapshots.swap(first)
    first.acquire()
    snapshots.swap(second)
    snapshots.close()

    assert view.closed
    assert other.closed
    first.release()
