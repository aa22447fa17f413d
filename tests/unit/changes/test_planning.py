"""What has to change for a document to hold: decided without a database."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gwctl.changes.difference import SENSITIVE
from gwctl.entities.catalog import Catalog, node_catalog
from gwctl.plugins.bundled import bundled_schemas
from gwctl.schema import EntityError
from tests.unit.changes.world import NOW, THEN, Making, Records, steps, uid

CATALOG: Catalog = node_catalog(bundled_schemas().values())
MAKE = Making(CATALOG)

SERVICE = {"name": "one", "host": "one.test"}
ROUTE = {"name": "path", "paths": ["/"], "service": 1}
PLUGIN = {"name": "rate-limiting", "service": 1, "config": {"minute": 5, "policy": "local"}}


def test_an_empty_database_gets_everything_parents_first() -> None:
    wanted = MAKE.records(("plugins", 3, PLUGIN), ("routes", 2, ROUTE), ("services", 1, SERVICE), now=NOW)

    made = MAKE.plan({}, wanted)

    assert steps(made) == [("create", "services", uid(1)), ("create", "routes", uid(2)), ("create", "plugins", uid(3))]
    assert made.counts() == {"created": 3, "updated": 0, "deleted": 0}
    assert made.total_existing == 0
    assert [change.name for change in made.changes] == ["one", "path", "rate-limiting"]


def test_the_same_again_changes_nothing_whenever_it_was_loaded() -> None:
    records = (("services", 1, SERVICE), ("routes", 2, ROUTE), ("plugins", 3, PLUGIN))

    made = MAKE.plan(MAKE.records(*records, now=THEN), MAKE.records(*records, now=NOW))

    assert steps(made) == []
    assert made.total_existing == 3


def test_what_the_document_leaves_out_goes_children_first() -> None:
    current = MAKE.records(("services", 1, SERVICE), ("routes", 2, ROUTE), ("plugins", 3, PLUGIN))

    made = MAKE.plan(current, {})

    assert steps(made) == [("delete", "plugins", uid(3)), ("delete", "routes", uid(2)), ("delete", "services", uid(1))]


def test_without_delete_nothing_goes() -> None:
    made = MAKE.plan(
        MAKE.records(("services", 1, SERVICE)), MAKE.records(("consumers", 2, {"username": "c"})), delete=False
    )

    assert steps(made) == [("create", "consumers", uid(2))]


def test_records_are_recognised_by_name_and_keep_their_keys_and_birthdays() -> None:
    current = MAKE.records(("services", 1, SERVICE), ("routes", 2, ROUTE), ("plugins", 3, PLUGIN))
    wanted = MAKE.records(
        ("services", 11, {**SERVICE, "port": 81}),
        ("routes", 12, {**ROUTE, "service": 11}),
        ("plugins", 13, {**PLUGIN, "service": 11, "config": {"minute": 6, "policy": "local"}}),
        now=NOW,
    )

    made = MAKE.plan(current, wanted)

    assert steps(made) == [("update", "services", uid(1)), ("update", "plugins", uid(3))]
    service, plugin = made.changes
    assert service.fields == {"port": [80, 81]}
    assert plugin.fields == {"config.minute": [5, 6]}
    assert service.row is not None
    written = orjson.loads(service.row.text)
    assert (written["id"], written["created_at"], written["updated_at"]) == (uid(1), int(THEN), int(NOW))
    assert plugin.row is not None
    assert orjson.loads(plugin.row.text)["service"] == {"id": uid(1)}


def test_a_key_wins_over_a_name() -> None:
    current = MAKE.records(("services", 1, {**SERVICE, "name": "a"}), ("services", 2, {**SERVICE, "name": "b"}))
    wanted = MAKE.records(("services", 1, {**SERVICE, "name": "b"}), ("services", 2, {**SERVICE, "name": "a"}))

    made = MAKE.plan(current, wanted)

    assert steps(made) == [("update", "services", uid(1)), ("update", "services", uid(2))]
    assert {(parked.column, parked.key) for parked in made.parked} == {("name", uid(1)), ("name", uid(2))}


def test_a_name_may_pass_from_a_deleted_record_to_a_renamed_one() -> None:
    current = MAKE.records(("services", 1, {**SERVICE, "name": "a"}), ("services", 2, {**SERVICE, "name": "b"}))
    wanted = MAKE.records(("services", 1, {**SERVICE, "name": "b"}))

    made = MAKE.plan(current, wanted)

    assert steps(made) == [("update", "services", uid(1)), ("delete", "services", uid(2))]
    assert [parked.key for parked in made.parked] == [uid(2)]


def test_given_times_count() -> None:
    current = MAKE.records(("services", 1, SERVICE))

    made = MAKE.plan(current, MAKE.records(("services", 1, {**SERVICE, "created_at": 7, "updated_at": 8}), now=NOW))

    assert made.changes[0].fields == {"created_at": [int(THEN), 7], "updated_at": [int(THEN), 8]}


def test_sets_have_no_order_and_arrays_have() -> None:
    current = MAKE.records(
        ("services", 1, SERVICE), ("routes", 2, {**ROUTE, "methods": ["GET", "PUT"], "tags": ["a", "b"]})
    )
    same = MAKE.records(
        ("services", 1, SERVICE), ("routes", 2, {**ROUTE, "methods": ["PUT", "GET"], "tags": ["b", "a"]})
    )
    other = MAKE.records(
        ("services", 1, SERVICE), ("routes", 2, {**ROUTE, "methods": ["PUT", "GET"], "paths": ["/b", "/"]})
    )

    assert steps(MAKE.plan(current, same)) == []
    assert set(MAKE.plan(current, other).changes[0].fields) == {"paths", "tags"}


def test_only_records_with_the_selected_tags_are_compared() -> None:
    mine = {**SERVICE, "tags": ["mine"]}
    theirs = {"name": "other", "host": "h", "tags": ["theirs"]}
    current = MAKE.records(("services", 1, mine), ("services", 2, theirs), ("services", 3, {"name": "x", "host": "h"}))

    made = MAKE.plan(current, MAKE.records(("consumers", 5, {"username": "c"}), now=NOW), select_tags=("mine",))

    assert steps(made) == [("create", "consumers", uid(5)), ("delete", "services", uid(1))]
    assert made.total_existing == 1
    assert made.changes[0].row is not None
    assert made.changes[0].row.tags == ("mine",)


def test_a_record_without_the_selected_tags_is_not_taken_over() -> None:
    current = MAKE.records(("services", 1, SERVICE))

    with pytest.raises(EntityError) as by_name:
        MAKE.plan(current, MAKE.records(("services", 9, SERVICE)), select_tags=("mine",))
    with pytest.raises(EntityError) as by_key:
        MAKE.plan(current, MAKE.records(("services", 1, SERVICE)), select_tags=("mine",))

    assert (by_name.value.number, by_name.value.fields) == (5, {"name": "one"})
    assert by_key.value.number == 3


def test_children_that_go_along_are_part_of_the_plan_and_others_hold_their_parent() -> None:
    tagged = ("services", 1, {**SERVICE, "tags": ["mine"]})
    plugin, route = ("plugins", 3, PLUGIN), ("routes", 2, ROUTE)

    made = MAKE.plan(MAKE.records(tagged, plugin), {}, select_tags=("mine",))
    with pytest.raises(EntityError) as held:
        MAKE.plan(MAKE.records(tagged, route), {}, select_tags=("mine",))

    assert steps(made) == [("delete", "plugins", uid(3)), ("delete", "services", uid(1))]
    assert (held.value.number, held.value.fields) == (4, {"@referenced_by": "routes"})


def test_a_unique_value_of_a_record_that_stays_is_refused() -> None:
    current = MAKE.records(("services", 1, SERVICE), ("services", 2, {"name": "two", "host": "h"}))

    with pytest.raises(EntityError) as refused:
        MAKE.plan(current, MAKE.records(("services", 2, SERVICE)), delete=False)

    assert (refused.value.number, refused.value.fields) == (5, {"name": "one"})


def test_a_reference_to_what_goes_is_refused() -> None:
    with pytest.raises(EntityError) as refused:
        MAKE.plan(MAKE.records(("services", 1, SERVICE)), MAKE.records(("routes", 2, ROUTE)))

    assert (refused.value.number, refused.value.fields) == (4, {"service": {"id": uid(1)}})


def test_facts_of_the_cluster_stay() -> None:
    parameter = {"key": "cluster_id", "value": "x", "created_at": 1}

    assert steps(MAKE.plan({"parameters": {"cluster_id": parameter}}, {})) == []


def test_secrets_are_not_told() -> None:
    consumer = ("consumers", 1, {"username": "c"})
    current = MAKE.records(consumer, ("hmacauth_credentials", 2, {"consumer": 1, "username": "u", "secret": "old"}))
    wanted = MAKE.records(consumer, ("hmacauth_credentials", 2, {"consumer": 1, "username": "u", "secret": "new"}))

    (change,) = MAKE.plan(current, wanted).changes

    assert change.fields == {"secret": [SENSITIVE, SENSITIVE]}


def test_a_password_in_plain_text_equals_its_hash() -> None:
    consumer = ("consumers", 1, {"username": "c"})
    credential = ("basicauth_credentials", 2, {"consumer": 1, "username": "u", "password": "secret"})
    schema = CATALOG["basicauth_credentials"]
    current = MAKE.records(consumer, credential)
    plain = current["basicauth_credentials"][uid(2)]
    current["basicauth_credentials"][uid(2)] = schema.transform(plain)

    assert steps(MAKE.plan(current, MAKE.records(consumer, credential))) == []
    made = MAKE.plan(current, MAKE.records(consumer, credential), transform=False)
    assert made.changes[0].fields == {"password": [SENSITIVE, SENSITIVE]}


def test_records_without_a_name_are_recognised_by_what_they_say() -> None:
    nameless = {"paths": ["/a"], "service": 1}
    current = MAKE.records(("services", 1, SERVICE), ("routes", 2, nameless), ("routes", 3, nameless))
    wanted = MAKE.records(
        ("services", 1, SERVICE), ("routes", 8, nameless), ("routes", 9, {**nameless, "paths": ["/b"]})
    )

    made = MAKE.plan(current, wanted, random={"routes": frozenset({uid(8), uid(9)})})

    assert steps(made) == [("create", "routes", uid(9)), ("delete", "routes", uid(3))]


NAMES = st.lists(st.sampled_from("abcdef"), unique=True, max_size=5)


def _documents(names: list[str], shift: int) -> list[tuple[str, int, dict[str, Any]]]:
    made: list[tuple[str, int, dict[str, Any]]] = []
    for number, name in enumerate(names):
        made.append(("services", shift + number, {"name": name, "host": "h"}))
        made.append(("routes", 100 + shift + number, {"name": name, "paths": ["/"], "service": shift + number}))
    return made


@settings(deadline=None, max_examples=50)
@given(before=NAMES, after=NAMES, shift=st.sampled_from([1, 50]))
def test_carrying_out_a_plan_leads_to_what_was_wanted(before: list[str], after: list[str], shift: int) -> None:
    current = MAKE.records(*_documents(before, 1))
    made = MAKE.plan(current, MAKE.records(*_documents(after, shift), now=NOW))

    result: Records = {entity: dict(records) for entity, records in current.items()}
    for change in made.changes:
        if change.row is None:
            del result[change.entity][change.key]
        else:
            result.setdefault(change.entity, {})[change.key] = orjson.loads(change.row.text)

    assert sorted(each["name"] for each in result.get("services", {}).values()) == sorted(after)
    by_id = {key: each["name"] for key, each in result.get("services", {}).items()}
    assert all(by_id[route["service"]["id"]] == route["name"] for route in result.get("routes", {}).values())
    assert steps(MAKE.plan(result, MAKE.records(*_documents(after, shift), now=NOW))) == []
