"""The registry of data planes, on every database."""

from __future__ import annotations

from typing import Any

from gwctl.kit.ids import new_uuid
from gwctl.store import Store
from tests.tools.stores import ManualClock


def report(**values: Any) -> dict[str, Any]:
    return {
        "id": new_uuid(),
        "hostname": "dp-1",
        "ip": "127.0.0.1",
        "version": "3.8.1",
        "last_seen": 1_800_000_000,
        "config_hash": "a" * 32,
        "sync_status": "normal",
        "labels": {"deployment": "local"},
        "cert_details": {"expiry_timestamp": 1_900_000_000},
        "rpc_capabilities": [],
        "ttl": 100,
        **values,
    }


def test_a_report_is_shown_with_the_seconds_left(store: Store, clock: ManualClock) -> None:
    row = report()
    store.record_data_plane(row)
    clock.time += 30
    (shown,) = store.data_planes().data
    assert shown == {**shown, **row, "ttl": 70, "updated_at": int(clock.time) - 30}


def test_a_later_report_replaces_and_renews(store: Store, clock: ManualClock) -> None:
    row = report()
    store.record_data_plane(row)
    clock.time += 90
    store.record_data_plane({**row, "config_hash": "b" * 32, "labels": None})
    (shown,) = store.data_planes().data
    assert (shown["config_hash"], shown["labels"], shown["ttl"]) == ("b" * 32, None, 100)


def test_an_expired_row_is_hidden_and_then_purged(store: Store, clock: ManualClock) -> None:
    old, young = report(), report(ttl=1000)
    store.record_data_plane(old)
    store.record_data_plane(young)
    clock.time += 101
    assert [row["id"] for row in store.data_planes().data] == [young["id"]]
    assert store.purge_data_planes() == 1
    assert store.purge_data_planes() == 0


def test_a_row_lives_two_weeks_unless_told_otherwise(store: Store, clock: ManualClock) -> None:
    store.record_data_plane({**report(), "ttl": None})
    assert store.data_planes().data[0]["ttl"] == 1_209_600


def test_rows_come_in_pages(store: Store) -> None:
    keys = sorted(row["id"] for row in [report() for _ in range(5)] if store.record_data_plane(row) is None)
    first = store.data_planes(3)
    second = store.data_planes(3, first.offset)
    assert [row["id"] for row in first.data + second.data] == keys
    assert second.offset is None


def test_a_report_is_no_version(store: Store) -> None:
    before = store.version()
    store.record_data_plane(report())
    assert store.version() == before


def test_a_strange_name_is_kept_as_far_as_it_goes(store: Store) -> None:
    store.record_data_plane(report(hostname="a\0b", labels={"k": "v\0w"}))
    (shown,) = store.data_planes().data
    assert shown["hostname"] == "ab"
    assert shown["labels"] == {"k": "v\0w"}
