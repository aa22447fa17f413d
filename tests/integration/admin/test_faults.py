"""What happens when the database is away, slow or broken: a clear answer in bounded time, never a hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from gwctl.entities import Catalog
from gwctl.kit.clock import SystemClock
from gwctl.kit.version import Version
from gwctl.store import DatabaseBusy, DatabaseConfig, DatabaseUnavailable, MigrationRunner, Store
from tests.integration.admin.conftest import Admin, Serve
from tests.tools.postgres import running_postgres
from tests.tools.stores import bootstrap
from tests.tools.waiting import wait_for


@pytest.fixture
def database_kind() -> str:
    """The kind of database plays no part here."""
    return "sqlite"


class Wrapped:
    """A store whose transactions first run ``before`` and whose commits are followed by ``after``."""

    def __init__(self, store: Store, before: Any = lambda: None, after: Any = lambda: None) -> None:
        self._store = store
        self._before = before
        self._after = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def read(self) -> Iterator[Any]:
        self._before()
        with self._store.read() as reads:
            yield reads

    @contextmanager
    def write(self, actor: str = "") -> Iterator[Any]:
        self._before()
        with self._store.write(actor) as unit:
            yield unit
        self._after()

    def reachable(self) -> bool:
        try:
            self._before()
        except DatabaseUnavailable:
            return False
        return True


def away() -> None:
    raise DatabaseUnavailable("cannot connect to db.test:5432 as kong")


def test_a_database_that_is_away(serve: Serve, store: Store, caplog: pytest.LogCaptureFixture) -> None:
    with serve(store=Wrapped(store, away)) as admin:
        for method, path in (("GET", "/services"), ("POST", "/services"), ("DELETE", "/services/x"), ("GET", "/")):
            answer = admin.ask(method, path, {"host": "a.b"} if method == "POST" else None)
            assert (answer.status, answer.json) == (503, {"message": "the database cannot be reached"})
            assert answer.headers["Retry-After"] == "5"
        status = admin.ask("GET", "/status")
        assert (status.status, status.json["database"]) == (200, {"reachable": False})
        assert admin.ask("GET", "/nope").status == 404
    assert "cannot connect to db.test:5432" in caplog.text


def test_a_database_that_was_reset_under_a_running_node(
    admin: Admin, bootstrapped: DatabaseConfig, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in MigrationRunner(bootstrapped).reset():
        pass
    for method, values in (("GET", None), ("POST", {"host": "a.b"})):
        answer = admin.ask(method, "/services", values)
        assert answer.status == 503
        assert answer.json == {"message": "the database cannot be used, see the error log of this node"}
    assert "Database needs bootstrapping or is older than Kong 1.0. (run 'gwctl migrations bootstrap')" in caplog.text
    assert "Traceback" not in caplog.text

    bootstrap(bootstrapped)
    assert admin.ask("POST", "/services", {"host": "a.b"}).status == 201


def test_a_database_that_is_locked(serve: Serve, store: Store) -> None:
    def locked() -> None:
        raise DatabaseBusy("waited 30 s for other writers")

    with serve(store=Wrapped(store, locked)) as admin:
        answer = admin.ask("POST", "/services", {"host": "a.b"})
    assert (answer.status, answer.json) == (503, {"message": "the database is busy, nothing was changed"})


def test_a_database_that_hangs(serve: Serve, store: Store) -> None:
    release = threading.Event()
    try:
        with serve(store=Wrapped(store, lambda: release.wait(30)), deadline=0.1) as admin:
            began = time.monotonic()
            answer = admin.ask("GET", "/services")
            assert (answer.status, answer.json) == (503, {"message": "the database does not answer in time"})
            assert admin.ask("GET", "/status").json["database"] == {"reachable": False}
            assert time.monotonic() - began < 5
            release.set()
    finally:
        release.set()


def test_calls_beyond_the_bound_are_refused_at_once(
    serve: Serve, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gwctl.admin.database.MOST_WAITING", 3)
    release = threading.Event()
    entered = threading.Semaphore(0)

    def block() -> None:
        entered.release()
        release.wait(30)

    with serve(store=Wrapped(store, block), deadline=20.0) as admin, ThreadPoolExecutor(4) as clients:
        try:
            waiting = [clients.submit(admin.ask, "GET", "/services") for _ in range(3)]
            for _ in range(3):
                assert entered.acquire(timeout=10)
            assert admin.ask("GET", "/services").status == 503
        finally:
            release.set()
        assert [future.result(20).status for future in waiting] == [200, 200, 200]
        assert admin.ask("GET", "/services").status == 200


def test_a_write_that_commits_after_its_deadline_is_still_announced(serve: Serve, store: Store) -> None:
    release = threading.Event()
    try:
        with serve(store=Wrapped(store, after=lambda: release.wait(30)), deadline=0.1) as admin:
            assert admin.ask("POST", "/services", {"host": "a.b"}).status == 503
            assert admin.commits == []
            release.set()
            wait_for(lambda: len(admin.commits) == 1, "the announcement")
    finally:
        release.set()


def test_a_write_that_waits_too_long_for_its_turn_never_happens(serve: Serve, store: Store) -> None:
    release, entered = threading.Event(), threading.Event()

    def block() -> None:
        entered.set()
        release.wait(30)

    with ThreadPoolExecutor(1) as executor, ThreadPoolExecutor(1) as clients:
        try:
            with serve(store=Wrapped(store, block), executor=executor, deadline=0.3) as admin:
                first = clients.submit(admin.ask, "POST", "/consumers", {"username": "first"})
                assert entered.wait(10)
                assert admin.ask("POST", "/consumers", {"username": "second"}).status == 503
                assert first.result(10).status == 503
                release.set()
                wait_for(lambda: len(admin.commits) == 1, "the first write")
                assert admin.ask("GET", "/consumers/first").status == 200
                assert admin.ask("GET", "/consumers/second").status == 404
        finally:
            release.set()


def test_an_announcement_that_fails_does_not_fail_the_write(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    def fail(version: Version) -> None:
        raise RuntimeError("no hub")

    with serve(on_commit=fail) as admin:
        assert admin.ask("POST", "/services", {"host": "a.b"}).status == 201
    assert "could not be announced" in caplog.text


def test_a_crash_is_answered_without_details_and_logged(
    serve: Serve, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    def crash() -> None:
        raise ZeroDivisionError("inner detail")

    with serve(store=Wrapped(store, crash)) as admin:
        answer = admin.ask("POST", "/services", {"host": "a.b"})
        assert (answer.status, answer.json) == (500, {"message": "An unexpected error occurred"})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "inner detail" in caplog.text
    assert "Traceback" in caplog.text


def test_a_refused_write_leaves_nothing(admin: Admin) -> None:
    admin.made("/services", {"name": "taken", "host": "a.b"})
    admin.made("/routes", {"name": "r", "paths": ["/"]})
    version = admin.store.version()
    answer = admin.ask("PUT", "/routes/r/service", {"name": "taken", "host": "c.d"})
    assert answer.status == 409
    assert admin.store.version() == version
    assert admin.ask("GET", "/routes/r").json["service"] is None
    assert len(admin.ask("GET", "/services").json["data"]) == 1


@pytest.mark.postgres
def test_it_outlives_a_restart_of_postgresql(serve: Serve, catalog: Catalog) -> None:
    with running_postgres() as server:
        config = server.create_database().config()
        bootstrap(config)
        opened = Store.open(config, catalog, SystemClock())
        with serve(store=opened) as admin:
            admin.made("/consumers", {"username": "before"})
            server.stop(immediate=True)
            began = time.monotonic()
            for method in ("GET", "POST"):
                answer = admin.ask(method, "/consumers", {"username": "lost"} if method == "POST" else None)
                assert (answer.status, answer.json) == (503, {"message": "the database cannot be reached"})
            assert admin.ask("GET", "/status").json["database"] == {"reachable": False}
            assert time.monotonic() - began < 10
            server.start()
            wait_for(lambda: admin.ask("GET", "/consumers").status == 200, "the database again")
            assert [record["username"] for record in admin.ask("GET", "/consumers").json["data"]] == ["before"]
        opened.close()
