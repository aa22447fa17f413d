"""Writers that meet, on every database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gwctl.schema import EntityError
from gwctl.store import DatabaseBusy, Store

WRITERS = 8


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run each work in a thread of its own, started together; returns answers, or the EntityErrors raised."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return work()
        except EntityError as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def insert(store: Store, entity: str, **values: Any) -> dict[str, Any]:
    with store.write() as unit:
        return unit.insert(entity, values)


def test_of_equal_names_one_wins_and_the_others_are_told(store: Store) -> None:
    for attempt in range(5):
        name = f"n{attempt}"
        answers = at_once(*[lambda: insert(store, "consumers", username=name)] * WRITERS)  # noqa: B023
        errors = [answer for answer in answers if isinstance(answer, EntityError)]
        assert len(errors) == WRITERS - 1
        assert {(error.number, str(error.fields)) for error in errors} == {(5, str({"username": name}))}


def test_of_equal_plugins_one_wins(store: Store) -> None:
    service = insert(store, "services", host="h")
    values = {"name": "p", "service": {"id": service["id"]}}
    answers = at_once(*[lambda: insert(store, "plugins", **values)] * WRITERS)
    errors = [answer for answer in answers if isinstance(answer, EntityError)]
    assert len(errors) == WRITERS - 1
    assert {error.number for error in errors} == {5}
    assert errors[0].fields == {**values, "route": None, "consumer": None}


def test_of_equal_keys_one_wins(store: Store) -> None:
    key = insert(store, "services", host="h")["id"]
    answers = at_once(*[lambda: insert(store, "consumers", id=key, username="u")] * WRITERS)
    errors = [answer for answer in answers if isinstance(answer, EntityError)]
    # A loser may look for the primary key before the winner commits and for the name after it.
    allowed = {(3, str({"id": key})), (5, str({"username": "u"}))}
    assert {(error.number, str(error.fields)) for error in errors} <= allowed
    assert len(errors) == WRITERS - 1


@pytest.mark.parametrize("key", ["by-name", "6d4a2b1e-3c5f-4a77-9c1e-0a3b5c7d9e1f"])
def test_of_equal_puts_each_succeeds(store: Store, key: str) -> None:
    def put(port: int) -> Callable[[], Any]:
        def work() -> int:
            with store.write() as unit:
                return int(unit.upsert("services", key, {"host": "h", "port": port})["port"])

        return work

    assert at_once(*map(put, range(1, WRITERS + 1))) == list(range(1, WRITERS + 1))
    with store.read() as reads:
        assert reads.bulk().count(["services"]) == 1
    assert store.version().number == 1 + WRITERS


def test_two_reports_of_one_new_data_plane_both_count(store: Store) -> None:
    row = {"id": "6d4a2b1e-3c5f-4a77-9c1e-0a3b5c7d9e1f", "hostname": "h", "ip": "::1", "sync_status": "normal"}
    assert at_once(*[lambda: store.record_data_plane(row)] * WRITERS) == [None] * WRITERS
    assert len(store.data_planes().data) == 1


def test_updates_of_different_fields_all_remain(store: Store) -> None:
    key = insert(store, "services", name="s", host="h")["id"]
    changes: list[dict[str, Any]] = [
        {"port": 81},
        {"path": "/p"},
        {"retries": 9},
        {"connect_timeout": 1},
        {"read_timeout": 2},
        {"write_timeout": 3},
        {"tags": ["t"]},
        {"enabled": False},
    ]

    def update(values: dict[str, Any]) -> Callable[[], Any]:
        def work() -> None:
            with store.write() as unit:
                unit.update("services", key, values)

        return work

    at_once(*map(update, changes))
    with store.read() as reads:
        record = reads.get("services", key)
    assert record is not None
    assert [{name: record[name]} for values in changes for name in values] == changes


def test_no_child_survives_its_parent(store: Store) -> None:
    """A parent is deleted while children arrive: each either goes with it or is refused, and the log tells the same."""

    def delete(name: str) -> Callable[[], Any]:
        def work() -> bool:
            with store.write() as unit:
                return unit.delete("upstreams", name)

        return work

    for attempt in range(8):
        upstream = insert(store, "upstreams", name=f"u{attempt}.test")
        before = store.version().number
        answers = at_once(
            *(
                lambda port=port: insert(store, "targets", target=f"h:{port}", upstream={"id": upstream["id"]})  # noqa: B023
                for port in range(1, 5)
            ),
            delete(upstream["name"]),
        )
        for answer in answers:
            if isinstance(answer, EntityError):
                assert (answer.number, answer.fields) == (4, {"upstream": {"id": upstream["id"]}})
        with store.read() as reads:
            assert reads.bulk().count(["targets"]) == 0
        batch = store.changes_after(before)
        assert batch is not None
        alive: set[str] = set()
        for change in batch.changes:
            (alive.discard if change.record is None else alive.add)(change.key)
        assert alive == set()
        assert batch.changes[-1].key == upstream["id"]


def test_every_version_is_seen_in_order_by_a_reader_that_follows(store: Store) -> None:
    done = threading.Event()
    seen: list[int] = []
    before = store.version().number

    def follow() -> None:
        number = before
        while True:
            finished = done.is_set()
            batch = store.changes_after(number)
            assert batch is not None
            seen.extend(change.version for change in batch.changes)
            number = batch.to
            if finished and not batch.changes:
                return

    def write(writer: int) -> Callable[[], Any]:
        def work() -> None:
            for number in range(15):
                insert(store, "consumers", username=f"u{writer}-{number}")

        return work

    reader = ThreadPoolExecutor(1).submit(follow)
    at_once(*map(write, range(6)))
    done.set()
    reader.result(30)
    assert seen == list(range(2, 2 + 6 * 15))


def test_twenty_writers_of_one_process_never_find_the_database_locked(store: Store) -> None:
    def write(writer: int) -> Callable[[], Any]:
        def work() -> None:
            for number in range(10):
                insert(store, "consumers", username=f"u{writer}-{number}")

        return work

    assert at_once(*map(write, range(20))) == [None] * 20
    with store.read() as reads:
        assert reads.bulk().count(["consumers"]) == 200


def test_readers_do_not_wait_for_a_writer(store: Store) -> None:
    with store.write() as unit:
        unit.insert("consumers", {"username": "u"})
        with store.read() as reads:
            assert reads.bulk().count(["consumers"]) == 0
        assert store.version().number == 1


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
@pytest.mark.postgres
def test_a_large_changeset_does_not_block_small_writers(store: Store) -> None:
    with store.write() as large:
        for number in range(600):
            large.insert("consumers", {"username": f"l{number}"})
        for number in range(5):
            insert(store, "services", name=f"s{number}", host="h")
        assert store.version().number == 6
    assert large.version is not None
    assert large.version.number == 7


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
@pytest.mark.postgres
def test_writers_that_wait_for_each_other_are_told_to_try_again(store: Store) -> None:
    for name in ("a", "b"):
        insert(store, "services", name=name, host="h")
    barrier = threading.Barrier(2)

    def work(first: str, second: str) -> str:
        try:
            with store.write() as unit:
                unit.update("services", first, {"port": 1})
                barrier.wait()
                unit.update("services", second, {"port": 1})
        except DatabaseBusy as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(work, "a", "b"), pool.submit(work, "b", "a")]
        assert sorted(future.result(30) for future in futures) == ["database_busy", "done"]
