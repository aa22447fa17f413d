"""Deletions and what goes with them, on every database."""

from __future__ import annotations

from typing import Any

import pytest

from gwctl.certs import issue_default_pair
from gwctl.schema import EntityError
from gwctl.store import Store


def insert(store: Store, entity: str, **values: Any) -> str:
    """Insert a record; returns its key."""
    with store.write() as unit:
        return str(unit.insert(entity, values)["id"])


def delete(store: Store, entity: str, key: str) -> list[tuple[str, str]]:
    """Delete a record; returns what the change log says was deleted, in order."""
    before = store.version().number
    with store.write() as unit:
        assert unit.delete(entity, key)
    batch = store.changes_after(before)
    assert batch is not None
    assert all(change.record is None for change in batch.changes)
    return [(change.entity, change.key) for change in batch.changes]


def count(store: Store, entity: str) -> int:
    with store.read() as reads:
        return reads.bulk().count([entity])


def certificate(store: Store, **values: Any) -> str:
    cert, key = issue_default_pair("ec", 1_800_000_000)
    return insert(store, "certificates", cert=cert.decode(), key=key.decode(), **values)


def test_a_service_with_routes_stays(store: Store) -> None:
    service = insert(store, "services", name="s", host="h")
    plugin = insert(store, "plugins", name="p", service={"id": service})
    insert(store, "routes", paths=["/"], service={"id": service})
    before = store.version()
    with pytest.raises(EntityError) as caught, store.write() as unit:
        unit.delete("services", "s")
    assert caught.value.body() == {
        "code": 4,
        "name": "foreign key violation",
        "fields": {"@referenced_by": "routes"},
        "message": "an existing 'routes' entity references this 'services' entity",
    }
    with store.read() as reads:
        assert reads.get("plugins", plugin) is not None
    assert store.version() == before


def test_a_refused_deletion_may_be_followed_by_other_writes(store: Store) -> None:
    service = insert(store, "services", name="s", host="h")
    insert(store, "plugins", name="p", service={"id": service})
    insert(store, "routes", name="r", paths=["/"], service={"id": service})
    with store.write() as unit:
        with pytest.raises(EntityError):
            unit.delete("services", "s")
        unit.delete("routes", "r")
        unit.delete("services", "s")
    assert (count(store, "services"), count(store, "plugins")) == (0, 0)


def test_plugins_go_with_what_they_are_for(store: Store) -> None:
    service = insert(store, "services", name="s", host="h")
    route = insert(store, "routes", paths=["/"], service={"id": service})
    consumer = insert(store, "consumers", username="c")
    both = insert(store, "plugins", name="a", route={"id": route}, consumer={"id": consumer})
    of_service = insert(store, "plugins", name="b", service={"id": service})
    everywhere = insert(store, "plugins", name="c")
    assert delete(store, "consumers", "c") == [("plugins", both), ("consumers", consumer)]
    assert delete(store, "routes", route) == [("routes", route)]
    assert delete(store, "services", "s") == [("plugins", of_service), ("services", service)]
    assert delete(store, "plugins", everywhere) == [("plugins", everywhere)]


def test_targets_go_with_their_upstream(store: Store) -> None:
    upstream = insert(store, "upstreams", name="u.test")
    other = insert(store, "upstreams", name="other.test")
    targets = sorted(insert(store, "targets", target=f"h:{port}", upstream={"id": upstream}) for port in (1, 2, 3))
    stays = insert(store, "targets", target="h:1", upstream={"id": other})
    assert delete(store, "upstreams", "u.test") == [*(("targets", key) for key in targets), ("upstreams", upstream)]
    with store.read() as reads:
        assert [row["id"] for row in reads.page("targets").data] == [stays]


def test_snis_go_with_their_certificate_but_services_hold_it(store: Store) -> None:
    key = certificate(store)
    sni = insert(store, "snis", name="a.test", certificate={"id": key})
    insert(store, "services", name="s", url="https://h", client_certificate={"id": key})
    with pytest.raises(EntityError) as caught, store.write() as unit:
        unit.delete("certificates", key)
    assert caught.value.fields == {"@referenced_by": "services"}
    delete(store, "services", "s")
    assert delete(store, "certificates", key) == [("snis", sni), ("certificates", key)]


def test_tags_go_with_their_records(store: Store) -> None:
    upstream = insert(store, "upstreams", name="u.test", tags=["a"])
    insert(store, "targets", target="h:1", upstream={"id": upstream}, tags=["b"])
    stays = insert(store, "services", id=upstream, host="h", tags=["c"])
    delete(store, "upstreams", upstream)
    with store.read() as reads:
        assert reads.page("tags").data == [{"entity_name": "services", "entity_id": stays, "tag": "c"}]


def test_hundreds_of_children_go_at_once(store: Store) -> None:
    upstream = insert(store, "upstreams", name="u.test")
    with store.write() as unit:
        for port in range(1, 603):
            unit.insert("targets", {"target": f"h:{port}", "upstream": {"id": upstream}, "tags": [f"t{port}"]})
    assert len(delete(store, "upstreams", upstream)) == 603
    assert count(store, "targets") == 0
    with store.read() as reads:
        assert reads.page("tags").data == []
