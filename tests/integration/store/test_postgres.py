"""PostgreSQL when it is away, slow, full of others or not ours: clear errors, and recovery by itself."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from gwctl.entities.catalog import Catalog
from gwctl.kit.clock import SystemClock
from gwctl.store import (
    DatabaseBusy,
    DatabaseConfig,
    DatabaseUnavailable,
    MigrationRunner,
    NeedsBootstrap,
    Store,
    require_current,
)
from tests.tools.ports import Ports
from tests.tools.postgres import Database, RunningPostgres, running_postgres
from tests.tools.stores import bootstrap
from tests.tools.waiting import wait_for

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)]


@pytest.fixture
def closed_port() -> Iterator[int]:
    ports = Ports()
    yield ports.take()
    ports.release()


@pytest.fixture
def own_server() -> Iterator[RunningPostgres]:
    """A server that a test may stop."""
    with running_postgres() as server:
        yield server


def insert(store: Store, name: str) -> None:
    with store.write() as unit:
        unit.insert("consumers", {"username": name})


def test_a_server_that_is_down(closed_port: int, database_kind: str, catalog: Catalog) -> None:
    config = DatabaseConfig(kind="postgres", port=closed_port)
    for work in (lambda: require_current(config), lambda: list(MigrationRunner(config).bootstrap())):
        with pytest.raises(DatabaseUnavailable) as caught:
            work()
        assert str(caught.value) == (
            "[PostgreSQL error] failed to retrieve PostgreSQL server_version_num: connection refused"
        )
        assert caught.value.code == "database_unavailable"
        assert caught.value.hint == f"is PostgreSQL running at 127.0.0.1:{closed_port}? check pg_host and pg_port"
    store = Store.open(config, catalog, SystemClock())
    assert not store.reachable()
    with pytest.raises(DatabaseUnavailable, match=r"^\[PostgreSQL error\] connection refused$"):
        store.version()


def test_a_server_that_does_not_answer(database_kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = DatabaseConfig(kind="postgres", port=silent.getsockname()[1], timeout_ms=1000)
        begun = time.monotonic()
        with pytest.raises(DatabaseUnavailable, match=r"timeout"):
            require_current(config)
        assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("changes", "words", "hint"),
    [
        ({"password": "wrong"}, "password authentication failed", "check pg_user and pg_password"),
        ({"password": None}, "no password supplied", "check pg_user and pg_password"),
        ({"name": "nowhere"}, 'database "nowhere" does not exist', "create it first, or check pg_database (nowhere)"),
        ({"ssl": True}, "SSL", "check pg_ssl and pg_ssl_verify"),
        ({"host": "no.such.host.invalid"}, "resolve", "is PostgreSQL running at no.such.host.invalid:"),
    ],
)
def test_a_connection_that_is_refused(
    database: Database, changes: dict[str, object], words: str, hint: str, database_kind: str
) -> None:
    with pytest.raises(DatabaseUnavailable) as caught:
        require_current(database.config(**changes))
    assert str(caught.value).startswith("[PostgreSQL error] ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (caught.value.hint or "").startswith(hint)
    assert "wrong" not in str(caught.value)


def test_a_secret_is_in_no_representation(database: Database, database_kind: str) -> None:
    assert database.password not in repr(database.config())


def test_the_store_comes_back_with_the_server(
    own_server: RunningPostgres, database_kind: str, catalog: Catalog
) -> None:
    config = own_server.create_database().config()
    bootstrap(config)
    store = Store.open(config, catalog, SystemClock())
    insert(store, "before")
    own_server.stop(immediate=True)
    assert not store.reachable()
    with pytest.raises(DatabaseUnavailable):
        insert(store, "while")
    own_server.start()
    begun = time.monotonic()
    wait_for(store.reachable, "the store reaches its database", deadline=5)
    insert(store, "after")
    assert time.monotonic() - begun < 5
    batch = store.changes_after(1)
    assert batch is not None
    assert [change.record["username"] for change in batch.changes if change.record] == ["before", "after"]
    store.close()


def test_a_restart_between_two_writes_is_not_noticed(
    own_server: RunningPostgres, database_kind: str, catalog: Catalog
) -> None:
    config = own_server.create_database().config()
    bootstrap(config)
    store = Store.open(config, catalog, SystemClock())
    insert(store, "before")
    own_server.restart(immediate=True)
    insert(store, "after")
    store.close()


def test_a_lock_held_by_others_is_an_answer_in_time(bootstrapped: DatabaseConfig, catalog: Catalog) -> None:
    impatient = Store.open(_with(bootstrapped, timeout_ms=300), catalog, SystemClock())
    other = Database(bootstrapped.host, bootstrapped.port, bootstrapped.name).connect()
    with other.transaction():
        other.execute("LOCK TABLE consumers IN ACCESS EXCLUSIVE MODE")
        begun = time.monotonic()
        with pytest.raises(DatabaseBusy, match=r"^\[PostgreSQL error\] canceling statement due to"):
            insert(impatient, "u")
        assert time.monotonic() - begun < 3
    insert(impatient, "u")
    other.close()
    impatient.close()


def test_more_threads_than_connections_wait_their_turn_or_are_told(
    bootstrapped: DatabaseConfig, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gwctl.store import engine

    monkeypatch.setattr(engine, "POOL_WAIT_SECONDS", 0.2)
    store = Store.open(bootstrapped, catalog, SystemClock(), pool_size=1)
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with store.read():
            held.set()
            release.wait(20)

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        held.wait(10)
        with pytest.raises(DatabaseBusy, match="all 1 connections"):
            store.version()
        release.set()
        holding.result(10)
    assert store.version().number == 1
    store.close()


def test_a_read_only_server_refuses_writes_and_reads_on(bootstrapped: DatabaseConfig, catalog: Catalog) -> None:
    administrator = Database(bootstrapped.host, bootstrapped.port, bootstrapped.name).connect()
    administrator.execute(f'ALTER DATABASE "{bootstrapped.name}" SET default_transaction_read_only = on'.encode())
    administrator.close()
    store = Store.open(bootstrapped, catalog, SystemClock())
    with pytest.raises(DatabaseUnavailable, match="read-only transaction"):
        insert(store, "u")
    assert store.version().number == 1
    store.close()


def test_an_unbootstrapped_database_is_named(database: Database, database_kind: str, catalog: Catalog) -> None:
    with pytest.raises(NeedsBootstrap):
        require_current(database.config())
    store = Store.open(database.config(), catalog, SystemClock())
    with pytest.raises(NeedsBootstrap):
        store.version()
    store.close()


def test_a_stopped_process_loses_its_transaction_in_the_end(
    bootstrapped: DatabaseConfig, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gwctl.store import engine

    monkeypatch.setattr(engine, "IDLE_IN_TRANSACTION_SECONDS", 1)
    stopped = Store.open(bootstrapped, catalog, SystemClock())
    monkeypatch.undo()
    store = Store.open(bootstrapped, catalog, SystemClock())

    def hold() -> None:
        with stopped.write() as unit:
            unit.insert("consumers", {"username": "u"})
            unit.bulk_write().check_untouched(0, set(), last=True)  # takes the version lock
            insert(store, "other")  # waits for the version lock until the server takes it from this transaction

    with pytest.raises(DatabaseUnavailable):
        hold()
    assert store.version().number == 2
    for each in (stopped, store):
        each.close()


def _with(config: DatabaseConfig, **changes: int) -> DatabaseConfig:
    from dataclasses import replace

    return replace(config, **changes)  # type: ignore[arg-type]
