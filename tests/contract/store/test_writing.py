"""The write pipeline, on every database."""

from __future__ import annotations

from typing import Any

import pytest

from gwctl.kit.ids import new_uuid
from gwctl.schema import EntityError
from gwctl.store import Store
from tests.tools.stores import ManualClock


def insert(store: Store, entity: str, **values: Any) -> dict[str, Any]:
    with store.write() as unit:
        return unit.insert(entity, values)


def get(store: Store, entity: str, key: str) -> dict[str, Any] | None:
    with store.read() as reads:
        return reads.get(entity, key)


def refusal(store: Store, verb: str, *arguments: Any) -> dict[str, Any]:
    """The body of the EntityError that a write raises."""
    with pytest.raises(EntityError) as caught, store.write() as unit:
        getattr(unit, verb)(*arguments)
    return caught.value.body()


def test_an_inserted_record_reads_back_as_it_was_answered(store: Store, clock: ManualClock) -> None:
    written = insert(store, "services", name="a", url="https://example.com/p", tags=["x", "y"], ca_certificates=[])
    assert written["created_at"] == int(clock.time)
    assert (written["protocol"], written["port"], written["path"]) == ("https", 443, "/p")
    assert get(store, "services", written["id"]) == written
    assert get(store, "services", "a") == written


def test_a_record_is_found_by_any_field(store: Store) -> None:
    consumer = insert(store, "consumers", username="u", custom_id="c1")
    with store.read() as reads:
        assert reads.find("consumers", "custom_id", "c1") == consumer
        assert reads.find("consumers", "custom_id", "c2") is None
        assert reads.find("consumers", "custom_id", "c\0") is None
        assert reads.get("consumers", new_uuid()) is None


def test_times_with_milliseconds_survive(store: Store, clock: ManualClock) -> None:
    upstream = insert(store, "upstreams", name="u.test")
    target = insert(store, "targets", target="127.0.0.1", upstream={"id": upstream["id"]})
    assert target["created_at"] == clock.time
    assert target["target"] == "127.0.0.1:8000"
    assert get(store, "targets", target["id"]) == target
    clock.time = 1_800_000_001.0
    with store.write() as unit:
        updated = unit.update("targets", target["id"], {"weight": 5})
    assert isinstance(updated["updated_at"], float)
    assert get(store, "targets", target["id"]) == updated


def test_keys_are_stored_in_lower_case_and_found_in_any(store: Store) -> None:
    key = new_uuid()
    service = insert(store, "services", id=key.upper(), host="h")
    route = insert(store, "routes", paths=["/"], service={"id": key.upper()})
    assert service["id"] == key
    assert route["service"] == {"id": key}
    assert get(store, "services", key.upper()) == service
    assert refusal(store, "insert", "services", {"id": key.upper(), "host": "h"})["code"] == 3


def test_a_reference_by_name_is_resolved(store: Store) -> None:
    service = insert(store, "services", name="s", host="h")
    route = insert(store, "routes", paths=["/"], service={"name": "s"})
    assert route["service"] == {"id": service["id"]}


def test_every_reference_that_leads_nowhere_is_named(store: Store) -> None:
    body = refusal(
        store, "insert", "plugins", {"name": "p", "service": {"name": "no"}, "consumer": {"username": "nobody"}}
    )
    assert (body["code"], body["name"]) == (13, "foreign keys unresolved")
    assert body["fields"] == {
        "service": {
            "name": "the foreign key cannot be resolved with '{name=\"no\"}' for an existing 'services' entity"
        },
        "consumer": {
            "username": "the foreign key cannot be resolved with '{username=\"nobody\"}'"
            " for an existing 'consumers' entity"
        },
    }


def test_a_reference_to_an_unknown_id_is_refused(store: Store) -> None:
    key = new_uuid()
    body = refusal(store, "insert", "routes", {"paths": ["/"], "service": {"id": key}})
    assert body == {
        "code": 4,
        "name": "foreign key violation",
        "fields": {"service": {"id": key}},
        "message": f"the foreign key '{{id=\"{key}\"}}' does not reference an existing 'services' entity.",
    }


def test_a_reference_of_a_wrong_kind_is_a_schema_violation(store: Store) -> None:
    body = refusal(store, "insert", "routes", {"paths": ["/"], "service": "s"})
    assert body["fields"] == {"service": {"id": "missing primary key"}}


def test_a_second_record_with_the_key_is_refused(store: Store) -> None:
    service = insert(store, "services", name="a", host="h")
    body = refusal(store, "insert", "services", {"id": service["id"], "name": "a", "host": "h"})
    assert (body["code"], body["fields"]) == (3, {"id": service["id"]})


def test_a_second_record_with_a_unique_value_is_refused(store: Store) -> None:
    insert(store, "consumers", username="u", custom_id="c")
    body = refusal(store, "insert", "consumers", {"username": "u", "custom_id": "c"})
    assert (body["code"], body["fields"]) == (5, {"username": "u"})
    body = refusal(store, "insert", "consumers", {"custom_id": "c"})
    assert body["message"] == "UNIQUE violation detected on '{custom_id=\"c\"}'"
    insert(store, "consumers", username="w")
    assert refusal(store, "update", "consumers", "w", {"custom_id": "c"})["code"] == 5


def test_null_is_no_unique_value(store: Store) -> None:
    insert(store, "services", host="h")
    insert(store, "services", host="h")


def test_two_plugins_of_one_name_need_different_scopes(store: Store) -> None:
    service = insert(store, "services", name="s", host="h")
    insert(store, "plugins", name="p")
    insert(store, "plugins", name="p", service={"id": service["id"]})
    for scope in (None, {"id": service["id"]}):
        body = refusal(store, "insert", "plugins", {"name": "p", "service": scope})
        assert body["code"] == 5
        assert body["fields"] == {"consumer": None, "name": "p", "route": None, "service": scope}


def test_a_target_is_unique_in_its_upstream(store: Store) -> None:
    one, other = (insert(store, "upstreams", name=name) for name in ("one.test", "other.test"))
    insert(store, "targets", target="h:1", upstream={"id": one["id"]})
    insert(store, "targets", target="h:1", upstream={"id": other["id"]})
    body = refusal(store, "insert", "targets", {"target": "h:1", "upstream": {"id": one["id"]}})
    assert body["fields"] == {"target": "h:1", "upstream": {"id": one["id"]}}


def test_patch_merges_and_keeps_the_rest(store: Store, clock: ManualClock) -> None:
    service = insert(store, "services", name="s", host="h", tags=["a"])
    clock.time += 5
    with store.write() as unit:
        patched = unit.update("services", "s", {"port": 81})
    assert patched == {**service, "port": 81, "updated_at": int(clock.time)}
    assert get(store, "services", service["id"]) == patched


def test_patch_of_nothing_is_not_found(store: Store) -> None:
    assert refusal(store, "update", "services", "x", {"port": 1})["fields"] == {"name": "x"}
    key = new_uuid()
    body = refusal(store, "update", "services", key, {"port": 1})
    assert body["message"] == f"could not find the entity with primary key '{{id=\"{key}\"}}'"


def test_put_replaces_everything_but_the_key(store: Store) -> None:
    service = insert(store, "services", name="s", host="h", path="/p", tags=["a"])
    with store.write() as unit:
        put = unit.upsert("services", "s", {"host": "other", "name": "ignored"})
    assert (put["id"], put["name"], put["path"], put["tags"]) == (service["id"], "s", None, None)
    with store.read() as reads:
        assert reads.bulk().count(["services"]) == 1


def test_put_creates_under_the_key_or_name(store: Store) -> None:
    key = new_uuid()
    with store.write() as unit:
        assert unit.upsert("services", key, {"host": "h"})["id"] == key
        assert unit.upsert("services", "by-name", {"host": "h"})["name"] == "by-name"


def test_put_by_id_may_rename(store: Store) -> None:
    service = insert(store, "services", name="s", host="h")
    with store.write() as unit:
        unit.upsert("services", service["id"], {"host": "h", "name": "renamed"})
    assert get(store, "services", "s") is None
    assert get(store, "services", "renamed") is not None


def test_put_with_a_bad_name_in_the_address(store: Store) -> None:
    body = refusal(store, "upsert", "services", "bad name", {"host": "h"})
    assert (body["code"], body["name"]) == (10, "invalid unique name")


def test_an_entity_without_names_wants_a_uuid(store: Store) -> None:
    for verb, *values in (("upsert", {}), ("update", {}), ("delete",)):
        body = refusal(store, verb, "certificates", "nope", *values)
        assert (body["code"], body["fields"]) == (1, {"id": "expected a valid UUID"})


def test_delete_answers_whether_there_was_something(store: Store) -> None:
    insert(store, "services", name="s", host="h")
    with store.write() as unit:
        assert unit.delete("services", "s") is True
        assert unit.delete("services", "s") is False
        assert unit.delete("services", new_uuid()) is False


@pytest.mark.parametrize("field", ["username", "custom_id"])
def test_text_that_no_database_holds_is_a_schema_violation(store: Store, field: str) -> None:
    body = refusal(store, "insert", "consumers", {field: "a\0b"})
    assert body["fields"] == {field: "must not contain the character U+0000"}
    body = refusal(store, "insert", "consumers", {field: "é" * 1025})
    assert body["fields"] == {field: "length must be at most 2048 bytes"}
    insert(store, "consumers", **{field: "é" * 1024}, tags=["é" * 1024])
    body = refusal(store, "insert", "consumers", {"username": "u", "tags": ["a", "é" * 1025]})
    assert body["fields"] == {"tags": [None, "length must be at most 2048 bytes"]}


def test_a_refused_write_leaves_the_others_of_its_block(store: Store) -> None:
    with store.write() as unit:
        unit.insert("services", {"name": "a", "host": "h"})
        with pytest.raises(EntityError):
            unit.insert("services", {"name": "a", "host": "h"})
        with pytest.raises(EntityError):
            unit.insert("services", {})
        unit.insert("services", {"name": "b", "host": "h"})
    with store.read() as reads:
        assert [reads.find("services", "name", name) is not None for name in "ab"] == [True, True]


def test_a_block_that_raises_leaves_nothing(store: Store) -> None:
    before = store.version()

    def fail() -> None:
        with store.write() as unit:
            unit.insert("services", {"name": "a", "host": "h", "tags": ["t"]})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert get(store, "services", "a") is None
    assert store.version() == before
    with store.read() as reads:
        assert reads.page("tags").data == []


def test_a_unit_of_work_sees_its_own_writes(store: Store) -> None:
    with store.write() as unit:
        unit.insert("services", {"name": "a", "host": "h"})
        assert unit.get("services", "a") is not None
        unit.delete("services", "a")
        assert unit.get("services", "a") is None
