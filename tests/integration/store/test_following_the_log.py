"""Writers in many processes, and a reader that follows the log: no gap, no repeat, commit order."""

from __future__ import annotations

import os
import signal
import time

import pytest

from gwctl.entities.catalog import Catalog
from gwctl.store import DatabaseConfig
from tests.tools.children import Child
from tests.tools.following import Follower, follow_writers, opened, write
from tests.tools.postgres import Database
from tests.tools.stores import bootstrap
from tests.tools.waiting import wait_for

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
def test_a_reader_sees_every_version_of_eight_writers(bootstrapped: DatabaseConfig, catalog: Catalog) -> None:
    follow_writers(bootstrapped, catalog, 60)


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
            unit.bulk_write().check_untouched(0, set(), last=True)  # takes the version lock
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
            unit.bulk_write().check_untouched(0, set(), last=True)  # takes the version lock
            with second.write() as meanwhile:
                meanwhile.insert("consumers", {"username": "u"})
        assert (first.version().number, second.version().number) == (2, 2)
