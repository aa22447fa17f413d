"""Writers in many processes, and a reader that follows the log: no gap, no repeat, commit order."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gwctl.entities.catalog import Catalog
from gwctl.kit.clock import SystemClock
from gwctl.store import DatabaseConfig, Store
from tests.tools.children import Child
from tests.tools.postgres import Database
from tests.tools.stores import bootstrap
from tests.tools.waiting import wait_for

WRITERS = 8
pytestmark = pytest.mark.postgres


@contextmanager
def opened(config: DatabaseConfig, catalog: Catalog) -> Iterator[Store]:
    store = Store.open(config, catalog, SystemClock())
    try:
        yield store
    finally:
        store.close()


def write(config: DatabaseConfig, catalog: Catalog, writer: int, times: int) -> None:
    """One version per write; every seventh has several changes, every fifth fails before its commit."""
    with opened(config, catalog) as store:
        for number in range(times):
            if number % 5 == 4:
                _abandon(store, f"w{writer}-{number}-abandoned")
            with store.write() as unit:
                for part in range(3 if number % 7 == 6 else 1):
                    unit.insert("consumers", {"username": f"w{writer}-{number}-{part}"})


def _abandon(store: Store, name: str) -> None:
    try:
        with store.write() as unit:
            unit.insert("consumers", {"username": name})
            raise InterruptedError
    except InterruptedError:
        pass


class Follower:
    """Reads the log as a hub does and holds it to its promises."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.number = store.version().number
        self.names: list[str] = []

    def step(self, limit: int = 50) -> bool:
        """Take what is new; True when there was something."""
        batch = self._store.changes_after(self.number, limit)
        assert batch is not None
        versions = [change.version for change in batch.changes]
        assert versions == sorted(versions)
        assert sorted(set(versions)) == list(range(self.number + 1, batch.to + 1)), "a gap, a repeat or half a version"
        self.names += [change.record.get("username", "") for change in batch.changes if change.record is not None]
        moved = batch.to > self.number
        self.number = batch.to
        return moved


def follow_writers(config: DatabaseConfig, catalog: Catalog, times: int) -> None:
    with opened(config, catalog) as store:
        follower = Follower(store)
        children = [Child(lambda writer=writer: write(config, catalog, writer, times)) for writer in range(WRITERS)]
        while any(child.running() for child in children):
            if not follower.step():
                time.sleep(0.01)  # leave the processors to the writers
        while follower.step():
            pass
        assert [child.wait() for child in children] == [0] * WRITERS
        parts = {number: range(3 if number % 7 == 6 else 1) for number in range(times)}
        names = [
            f"w{writer}-{number}-{part}" for writer in range(WRITERS) for number in parts for part in parts[number]
        ]
        assert sorted(follower.names) == sorted(names)
        for writer in range(WRITERS):
            own = [name for name in follower.names if name.startswith(f"w{writer}-")]
            assert own == sorted(own, key=lambda name: [int(part) for part in name[1:].split("-")])
        assert follower.number == 1 + WRITERS * times


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
def test_a_reader_sees_every_version_of_eight_writers(bootstrapped: DatabaseConfig, catalog: Catalog) -> None:
    follow_writers(bootstrapped, catalog, 60)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
def test_a_reader_sees_every_version_of_eight_times_five_hundred_writes(
    bootstrapped: DatabaseConfig, catalog: Catalog
) -> None:
    follow_writers(bootstrapped, catalog, 500)


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
def test_a_killed_writer_leaves_no_hole(bootstrapped: DatabaseConfig, catalog: Catalog) -> None:
    """Killed again and again while it writes, wherever that hits it; readers and other writers go on."""
    with opened(bootstrapped, catalog) as store:
        follower = Follower(store)
        for attempt in range(6):
            victim = Child(lambda attempt=attempt: write(bootstrapped, catalog, attempt, 10_000))
            wait_for(follower.step, "the victim writes")
            time.sleep(0.003 * attempt)  # somewhere else in its loop each time
            victim.kill()
            assert victim.wait() == -signal.SIGKILL
            with store.write() as unit:
                unit.insert("services", {"name": f"after-{attempt}", "host": "h"})
            while follower.step():
                pass
            assert unit.version is not None
            assert follower.number >= unit.version.number


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
def test_a_writer_killed_while_it_holds_the_version_lock_blocks_nobody(
    bootstrapped: DatabaseConfig, catalog: Catalog
) -> None:
    ready, told = os.pipe()

    def hold() -> None:
        with opened(bootstrapped, catalog) as store, store.write() as unit:
            unit.insert("consumers", {"username": "never"})
            unit.close()
            os.write(told, b"x")
            signal.pause()

    victim = Child(hold)
    assert os.read(ready, 1) == b"x"
    with opened(bootstrapped, catalog) as store:
        assert store.version().number == 1
        victim.kill()
        victim.wait()
        with store.write() as unit:
            unit.insert("consumers", {"username": "next"})
        assert unit.version is not None
        assert unit.version.number == 2
        batch = store.changes_after(1)
        assert batch is not None
        assert [change.record["username"] for change in batch.changes if change.record] == ["next"]
    os.close(ready)
    os.close(told)


def test_the_version_lock_of_one_schema_does_not_hold_another(database: Database, catalog: Catalog) -> None:
    one, other = (database.config(schema=name) for name in ("one", 'Other "schema"'))
    for config in (one, other):
        assert bootstrap(config)[-1] == "Database is up-to-date"
        assert bootstrap(config) == ["Database already bootstrapped"]
    with opened(one, catalog) as first, opened(other, catalog) as second:
        assert first.version().lineage != second.version().lineage
        with first.write() as unit:
            unit.insert("consumers", {"username": "u"})
            unit.close()
            with second.write() as meanwhile:
                meanwhile.insert("consumers", {"username": "u"})
        assert (first.version().number, second.version().number) == (2, 2)
