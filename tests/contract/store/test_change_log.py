"""The change log and snapshots, on every database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from gwctl.certs import issue_default_pair
from gwctl.entities.catalog import Catalog
from gwctl.kit.digest import combine, record_digest
from gwctl.store import Change, ChangeBatch, DatabaseConfig, Store
from gwctl.store.unit_of_work import UnitOfWork
from tests.tools.pem import AUTHORITY
from tests.tools.stores import ManualClock


def after(store: Store, number: int, limit: int = 1000) -> ChangeBatch:
    batch = store.changes_after(number, limit)
    assert batch is not None
    return batch


def consumer(store: Store, name: str) -> dict[str, Any]:
    with store.write() as unit:
        return unit.insert("consumers", {"username": name})


def test_bootstrap_is_version_one_and_names_the_cluster(store: Store) -> None:
    batch = after(store, 0)
    (change,) = batch.changes
    assert (batch.to, change.version, change.entity, change.key) == (1, 1, "parameters", "cluster_id")
    assert store.version() == (batch.lineage, 1)


def test_a_block_is_one_version_with_its_changes_in_order(store: Store) -> None:
    with store.write() as unit:
        service = unit.insert("services", {"name": "s", "host": "h"})
        updated = unit.update("services", "s", {"port": 81})
        route = unit.insert("routes", {"paths": ["/"], "service": {"id": service["id"]}})
        unit.delete("routes", route["id"])
    assert unit.version == store.version()
    assert after(store, 1).changes == [
        Change(2, "services", service["id"], service),
        Change(2, "services", service["id"], updated),
        Change(2, "routes", route["id"], route),
        Change(2, "routes", route["id"], None),
    ]


def test_a_block_without_changes_has_no_version(store: Store) -> None:
    before = store.version()
    with store.write() as unit:
        unit.delete("services", "nothing")
    assert unit.version is None
    assert store.version() == before


def test_what_data_planes_do_not_receive_has_no_version(store: Store) -> None:
    with store.write() as unit:
        unit.insert("clustering_data_planes", {"hostname": "h", "ip": "127.0.0.1"})
    assert unit.version is None
    assert after(store, 0).to == 1


def test_an_update_that_changes_only_its_time_is_a_change(store: Store, clock: ManualClock) -> None:
    consumer(store, "u")
    clock.time += 10
    with store.write() as unit:
        unit.update("consumers", "u", {})
    (change,) = after(store, 2).changes
    assert change.record is not None
    assert change.record["updated_at"] == int(clock.time)


def test_batches_hold_whole_versions(store: Store) -> None:
    for size in (1, 3, 1):
        with store.write() as unit:
            for number in range(size):
                unit.insert("consumers", {"username": f"u{size}-{number}-{store.version().number}"})
    sizes = [(limit, (batch := after(store, 1, limit)).to, len(batch.changes)) for limit in (1, 2, 3, 4, 5, 6)]
    assert sizes == [(1, 2, 1), (2, 2, 1), (3, 2, 1), (4, 3, 4), (5, 4, 5), (6, 4, 5)]
    assert (after(store, 2, 1).to, len(after(store, 2, 1).changes)) == (3, 3)


def test_the_newest_version_has_nothing_after_it(store: Store) -> None:
    newest = store.version()
    assert after(store, newest.number) == ChangeBatch(newest.lineage, newest.number, [])


def test_a_version_ahead_of_the_log_is_unknown(store: Store) -> None:
    assert store.changes_after(store.version().number + 1) is None


def test_pruning_keeps_the_newest_and_numbers_go_on(store: Store) -> None:
    for number in range(10):
        consumer(store, f"u{number}")
    assert store.prune(keep=4) == 7
    assert store.prune(keep=4) == 0
    assert store.changes_after(6) is None
    assert store.changes_after(0) is None
    assert [change.version for change in after(store, 7).changes] == [8, 9, 10, 11]
    assert store.prune(keep=0) == 3
    with store.write() as unit:
        unit.insert("consumers", {"username": "next"})
    assert unit.version is not None
    assert unit.version.number == 12
    assert [change.version for change in after(store, 11).changes] == [12]


def test_a_large_changeset_is_whole(store: Store) -> None:
    with store.write() as unit:
        for number in range(1203):
            unit.insert("consumers", {"username": f"u{number}"})
    changes = after(store, 1, 10).changes
    assert [change.record["username"] for change in changes if change.record] == [f"u{n}" for n in range(1203)]


def test_a_snapshot_and_the_folded_log_are_the_same_to_the_byte(store: Store, catalog: Catalog) -> None:
    """Every exported entity, so that a data plane that follows and one that starts anew have one hash."""
    everything(store)
    state: dict[tuple[str, str], dict[str, Any]] = {}
    for change in after(store, 0).changes:
        if change.record is None:
            del state[change.entity, change.key]
        else:
            state[change.entity, change.key] = change.record
    with store.snapshot() as snapshot:
        records = list(snapshot.records())
        assert snapshot.version == store.version()
    assert {entity for entity, _ in records} == {schema.name for schema in catalog.exported}
    assert digest(catalog, records) == digest(catalog, [(entity, record) for (entity, _), record in state.items()])


def test_a_snapshot_brings_parents_first(store: Store, catalog: Catalog) -> None:
    everything(store)
    with store.snapshot() as snapshot:
        seen: set[tuple[str, str]] = set()
        for entity, record in snapshot.records():
            schema = catalog[entity]
            for field, foreign in schema.foreign.items():
                assert record[field] is None or (foreign.reference, record[field]["id"]) in seen
            seen.add((entity, schema.key_of(record)))


def test_a_snapshot_does_not_move(store: Store) -> None:
    with store.write() as unit:
        for number in range(1100):
            unit.insert("consumers", {"username": f"u{number}"})
    with store.snapshot() as snapshot:
        records = snapshot.records()
        first = next(records)
        with store.write() as unit:
            unit.insert("consumers", {"username": "late"})
            unit.insert("services", {"host": "late"})
        rest = list(records)
        assert snapshot.version.number == 2
    names = [record.get("username") for _, record in [first, *rest]]
    assert "late" not in names
    assert len(names) == 1101


def test_a_read_does_not_move(store: Store) -> None:
    with store.read() as reads:
        assert reads.bulk().count(["consumers"]) == 0
        consumer(store, "late")
        assert reads.bulk().count(["consumers"]) == 0


def test_two_stores_share_the_log(store: Store, bootstrapped: DatabaseConfig, catalog: Catalog) -> None:
    other = Store.open(bootstrapped, catalog, ManualClock())
    try:
        written = consumer(other, "u")
        assert [change.record for change in after(store, 1).changes] == [written]
    finally:
        other.close()


@pytest.mark.parametrize("actor", ["", "admin 127.0.0.1"])
def test_the_actor_is_kept(store: Store, actor: str) -> None:
    with store.write(actor) as unit:
        unit.insert("consumers", {"username": "u"})
    with store.read() as reads:
        kept = reads._connection.exec_driver_sql("SELECT actor FROM versions WHERE number = 2").scalar_one()
    assert kept == actor


def everything(store: Store) -> None:
    """A record of every exported entity, with and without optional values."""
    cert, key = issue_default_pair("ec", 1_800_000_000)
    with store.write() as unit:
        certificate = unit.insert("certificates", {"cert": cert.decode(), "key": key.decode()})
        unit.insert("snis", {"name": "a.test", "certificate": {"id": certificate["id"]}, "tags": ["ü"]})
        service = unit.insert(
            "services",
            {
                "name": "s",
                "url": "https://h",
                "client_certificate": {"id": certificate["id"]},
                "ca_certificates": [certificate["id"]],
                "tls_verify": False,
                "enabled": False,
            },
        )
        unit.insert("services", {"host": "h"})
        route = unit.insert(
            "routes",
            {
                "paths": ["~/é(?<x>a)$"],
                "headers": {"x-b": ["2", "1"], "x-a": ["3"]},
                "service": {"id": service["id"]},
                "tags": [],
            },
        )
        consumer = unit.insert("consumers", {"custom_id": "c"})
        config = {"number": 1.5, "whole": 2.0, "integer": 3, "deep": {"list": [None, True, {"z": 1, "a": "\u2028"}]}}
        for scope in ({}, {"route": {"id": route["id"]}, "consumer": {"id": consumer["id"]}}):
            unit.insert("plugins", {"name": "p", "config": config, **scope})
        upstream = unit.insert("upstreams", {"name": "u.test", "healthchecks": {"active": {"timeout": 2.5}}})
        unit.insert("targets", {"target": "[::1]:80", "upstream": {"id": upstream["id"]}})
        unit.insert("targets", {"target": "h", "upstream": {"id": upstream["id"]}, "created_at": 1_700_000_000})
        insert_the_rest(unit, {"id": consumer["id"]})
        gone = unit.insert("consumers", {"username": "gone"})
    with store.write() as unit:
        unit.update("services", "s", {"path": "/p"})
        unit.delete("consumers", gone["id"])


def digest(catalog: Catalog, records: Iterable[tuple[str, dict[str, Any]]]) -> int:
    total = 0
    for entity, record in records:
        schema = catalog[entity]
        total = combine(total, add=record_digest(entity, schema.key_of(record), schema.canonical(record)))
    return total


def insert_the_rest(unit: UnitOfWork, consumer: dict[str, str]) -> None:
    """One record of each entity that hangs on nothing but a consumer."""
    unit.insert("ca_certificates", {"cert": AUTHORITY})
    unit.insert("vaults", {"prefix": "my-env", "name": "env", "config": {"prefix": "x_"}})
    group = unit.insert("key_sets", {"name": "s"})
    unit.insert("keys", {"kid": "1", "jwk": "{vault://my-env/key}", "set": {"id": group["id"]}})
    unit.insert("keyauth_credentials", {"consumer": consumer, "ttl": 100, "tags": ["a"]})
    unit.insert("basicauth_credentials", {"consumer": consumer, "username": "u", "password": "p"})
    unit.insert("hmacauth_credentials", {"consumer": consumer, "username": "u"})
    unit.insert("jwt_secrets", {"consumer": consumer})
    unit.insert("acls", {"consumer": consumer, "group": "g"})
    client = unit.insert("oauth2_credentials", {"consumer": consumer, "name": "n", "hash_secret": True})
    unit.insert("oauth2_tokens", {"credential": {"id": client["id"]}, "expires_in": 7, "ttl": 14})
    unit.insert("acme_storage", {"key": "k", "value": "v", "ttl": 9})
