"""SQLite as a file: who may read it, what survives a kill, many writers, and what a damaged one says."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from gwctl.entities.catalog import Catalog
from gwctl.kit.clock import SystemClock
from gwctl.store import (
    DatabaseConfig,
    DatabaseCorrupt,
    DatabaseUnavailable,
    MigrationRunner,
    NeedsBootstrap,
    Store,
    StoreError,
    require_current,
)
from tests.tools.children import Child
from tests.tools.stores import bootstrap

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def path_of(config: DatabaseConfig) -> Path:
    assert config.path is not None
    return config.path


def test_a_directory_that_is_made_for_it_is_its_owners(database_config: DatabaseConfig, tmp_path: Path) -> None:
    place = tmp_path / "new" / "gwctl.db"
    old = os.umask(0)
    try:
        bootstrap(replace(database_config, path=place))
    finally:
        os.umask(old)
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_only_the_owner_may_read_it(database_config: DatabaseConfig, catalog: Catalog) -> None:
    old = os.umask(0)
    try:
        bootstrap(database_config)
        store = Store.open(database_config, catalog, SystemClock())
        with store.write() as unit:
            unit.insert("consumers", {"username": "u"})
        files = sorted(path_of(database_config).parent.glob("gwctl.db*"))
        assert {file.name for file in files} >= {"gwctl.db", "gwctl.db-wal"}
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        store.close()
    finally:
        os.umask(old)


def test_every_connection_is_careful(store: Store) -> None:
    with store.read() as reads:
        pragmas = {
            name: reads._connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


def test_what_was_acknowledged_survives_a_kill(bootstrapped: DatabaseConfig, catalog: Catalog) -> None:
    rng = random.Random(4)
    acknowledged: set[str] = set()
    for attempt in range(6):
        reading, writing = os.pipe()

        def work(attempt: int = attempt, writing: int = writing) -> None:
            store = Store.open(bootstrapped, catalog, SystemClock())
            for number in range(10_000):
                with store.write() as unit:
                    unit.insert("consumers", {"username": f"{attempt}-{number}"})
                os.write(writing, f"{attempt}-{number}\n".encode())

        victim = Child(work)
        os.close(writing)
        with os.fdopen(reading) as answers:
            for _ in range(rng.randint(1, 12)):
                acknowledged.add(answers.readline().strip())
            victim.kill()
            acknowledged.update(line.strip() for line in answers)
        assert victim.wait() == -signal.SIGKILL
        store = Store.open(bootstrapped, catalog, SystemClock())
        batch = store.changes_after(1)
        store.close()
        assert batch is not None
        names = [change.record["username"] for change in batch.changes if change.record is not None]
        assert acknowledged <= set(names)
        assert len(names) == batch.to - 1
    require_current(bootstrapped)


def test_twenty_writing_processes_never_find_it_locked(bootstrapped: DatabaseConfig, catalog: Catalog) -> None:
    def write(writer: int) -> None:
        store = Store.open(bootstrapped, catalog, SystemClock())
        for number in range(8):
            with store.write() as unit:
                unit.insert("consumers", {"username": f"{writer}-{number}"})

    children = [Child(lambda writer=writer: write(writer)) for writer in range(20)]
    assert [child.wait() for child in children] == [0] * 20
    store = Store.open(bootstrapped, catalog, SystemClock())
    assert store.version().number == 1 + 20 * 8
    store.close()


def test_no_file_needs_bootstrapping_and_is_not_made(database_config: DatabaseConfig, catalog: Catalog) -> None:
    with pytest.raises(NeedsBootstrap):
        Store.open(database_config, catalog, SystemClock())
    assert not path_of(database_config).exists()


def test_a_file_that_vanished_is_not_made_again(
    bootstrapped: DatabaseConfig, catalog: Catalog, database_kind: str
) -> None:
    store = Store.open(bootstrapped, catalog, SystemClock())
    path_of(bootstrapped).unlink()
    with pytest.raises(DatabaseUnavailable, match="unable to open database file"):
        store.version()
    assert not store.reachable()
    assert not path_of(bootstrapped).exists()
    store.close()


def test_an_empty_file_needs_bootstrapping(database_config: DatabaseConfig, catalog: Catalog) -> None:
    path_of(database_config).touch()
    store = Store.open(database_config, catalog, SystemClock())
    with pytest.raises(NeedsBootstrap):
        store.version()
    store.close()
    with pytest.raises(NeedsBootstrap):
        require_current(database_config)


def test_a_file_of_something_else_is_named(database_config: DatabaseConfig) -> None:
    path_of(database_config).write_bytes(b"this is no database" * 100)
    with pytest.raises(DatabaseCorrupt, match=r"gwctl\.db: file is not a database") as caught:
        require_current(database_config)
    assert caught.value.hint == "restore a backup of the database"


def test_a_damaged_file_is_refused_at_start(bootstrapped: DatabaseConfig, catalog: Catalog) -> None:
    store = Store.open(bootstrapped, catalog, SystemClock())
    with store.write() as unit:
        for number in range(300):
            unit.insert("consumers", {"username": f"u{number}"})
    store.close()
    path = path_of(bootstrapped)
    connection = sqlite3.connect(path)
    page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'consumers'").fetchone()[0]
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with open(path, "r+b") as file:
        file.seek((page - 1) * 4096 + 8)
        file.write(os.urandom(2000))
    with pytest.raises(DatabaseCorrupt):
        require_current(bootstrapped)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, database_kind: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot create the database") as caught:
        list(MigrationRunner(DatabaseConfig(path=tmp_path / "file" / "gwctl.db")).bootstrap())
    assert caught.value.hint == "choose another place with -p or GWCTL_HOME"


def test_a_path_with_strange_characters_works(tmp_path: Path, database_kind: str, catalog: Catalog) -> None:
    config = DatabaseConfig(path=tmp_path / "a b?c#d%20é" / "g?w.db")
    assert bootstrap(config)[-1] == "Database is up-to-date"
    assert path_of(config).exists()
    store = Store.open(config, catalog, SystemClock())
    assert store.version().number == 1
    store.close()


def test_a_full_disk_is_an_answer_and_reads_go_on(store: Store) -> None:
    with store.write() as unit:
        unit.insert("consumers", {"username": "u"})
    with store._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    def fill() -> None:
        with store.write() as unit:
            for number in range(2000):
                unit.insert("consumers", {"username": f"u{number}", "custom_id": "x" * 1000 + str(number)})

    with pytest.raises(DatabaseUnavailable, match="full") as caught:
        fill()
    assert caught.value.hint == "free some space on the disk that holds the database"
    with store.read() as reads:
        assert reads.bulk().count(["consumers"]) == 1
    assert store.version().number == 2


def test_a_foreign_writer_that_never_ends_is_an_answer(
    bootstrapped: DatabaseConfig, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gwctl.store import DatabaseBusy, engine

    monkeypatch.setattr(engine, "SQLITE_BUSY_SECONDS", 0.1)
    impatient = Store.open(bootstrapped, store._catalog, SystemClock())
    with store.write() as unit:
        unit.insert("consumers", {"username": "u"})
        with pytest.raises(DatabaseBusy, match="database is locked"), impatient.write():
            pass
        assert impatient.reachable()
    impatient.close()


def test_nothing_is_written_to_a_file_that_was_removed(bootstrapped: DatabaseConfig, store: Store) -> None:
    with store.read():
        pass  # a connection is open
    for file in path_of(bootstrapped).parent.glob("gwctl.db*"):
        file.unlink()

    with pytest.raises(DatabaseUnavailable, match="unable to open database file"), store.write() as unit:
        unit.insert("consumers", {"username": "lost"})
    assert not store.reachable()


def test_a_file_that_was_replaced_is_the_database_from_then_on(bootstrapped: DatabaseConfig, store: Store) -> None:
    path = path_of(bootstrapped)
    other = replace(bootstrapped, path=path.with_name("other.db"))
    bootstrap(other)
    with store.write() as unit:
        unit.insert("consumers", {"username": "before"})
    lineage = store.version().lineage
    for file in path.parent.glob("gwctl.db*"):
        file.unlink()
    path_of(other).rename(path)

    with store.write() as unit:
        unit.insert("consumers", {"username": "after"})

    assert store.version().lineage != lineage
    with sqlite3.connect(path) as reader:
        assert reader.execute("SELECT username FROM consumers").fetchall() == [("after",)]
    reader.close()
