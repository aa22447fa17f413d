"""Writers in many processes, and a reader that follows the change log and holds it to its promises."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from gwctl.entities.catalog import Catalog
from gwctl.kit.clock import SystemClock
from gwctl.store import DatabaseConfig, Store
from tests.tools.children import Child

WRITERS = 8


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
