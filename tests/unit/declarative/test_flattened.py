"""Errors entity by entity (admin-api.md 3.6 and 5, 15-off#7, #8 and #14 to #19; over HTTP they are asked again)."""

from __future__ import annotations

from typing import Any

import pytest

from gwctl.declarative import DeclarativeError
from tests.unit.declarative.conftest import Refuses, certificate_pair

KEY = "11111111-0000-4000-8000-00000000000{}".format


def entry(kind: str, entity: dict[str, Any], *errors: tuple[str | None, str], **facts: Any) -> dict[str, Any]:
    return {
        "entity_type": kind,
        "entity": entity,
        "errors": [
            {"type": "entity", "message": text} if field is None else {"type": "field", "field": field, "message": text}
            for field, text in errors
        ],
        **facts,
    }


def by_text(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entries and their errors in an order that does not matter."""
    sorted_errors = [{**each, "errors": sorted(each["errors"], key=repr)} for each in entries]
    return sorted(sorted_errors, key=lambda each: repr(sorted(each.items(), key=repr)))


def flattened(error: DeclarativeError, *expected: dict[str, Any], fields: dict[str, Any] | None = None) -> None:
    """The refusal tells exactly these entries and leaves these fields."""
    body = error.flattened_body()
    assert by_text(body["flattened_errors"]) == by_text(list(expected))
    assert body["fields"] == (fields or {})
    if not fields:
        assert body["message"] == "declarative config is invalid: {}"


def test_7_the_tree_and_its_exact_message(refuses: Refuses) -> None:
    error = refuses(services=[{"port": -12}])

    message = (
        'declarative config is invalid: {services={{host="required field missing",'
        'port="value should be between 0 and 65535"}}}'
    )
    assert error.body() == {
        "code": 14,
        "name": "invalid declarative configuration",
        "message": message,
        "fields": {"services": [{"host": "required field missing", "port": "value should be between 0 and 65535"}]},
    }


def test_8_the_second_of_two_is_refused(refuses: Refuses) -> None:
    first, second = {"id": KEY(1), "name": "a", "host": "h"}, {"id": KEY(1), "name": "b", "host": "h"}
    by_id = refuses(services=[first, second])
    by_name = refuses(services=[first, {**second, "id": KEY(2), "name": "a"}])
    custom = [{"username": "foo", "custom_id": "conflict"}, {"username": "bar", "custom_id": "conflict"}]
    by_custom_id = refuses(consumers=custom)

    text = f"uniqueness violation: 'services' entity with primary key set to '{KEY(1)}' already declared"
    assert by_id.fields == {"services": [None, text]}
    assert by_id.message == f'declarative config is invalid: {{services={{[2]="{text}"}}}}'
    text = "uniqueness violation: 'services' entity with name set to 'a' already declared"
    assert by_name.fields == {"services": [None, text]}
    text = "uniqueness violation: 'consumers' entity with custom_id set to 'conflict' already declared"
    assert by_custom_id.fields == {"consumers": {"bar": text}}


def test_8_ten_plugins_that_are_the_same(refuses: Refuses) -> None:
    error = refuses(plugins=[{"name": "cors"}] * 10)

    assert error.fields["plugins"][0] is None
    assert len(set(error.fields["plugins"][1:])) == 1
    assert error.body()["message"].count("already declared") == 9


def test_12_the_id_from_several_fields_wins_over_the_name(refuses: Refuses) -> None:
    """15-off#12"""
    error = refuses(vaults=[{"prefix": "my-env", "name": "env"}, {"prefix": "my-env", "name": "env"}])

    text = "uniqueness violation: 'vaults' entity with primary key set to '3dc3bf8d-e9b4-576c-af74-01619966a0d0'"
    assert error.fields == {"vaults": [None, f"{text} already declared"]}


def test_14_one_entry_for_each_entity_and_none_for_those_that_are_fine(refuses: Refuses) -> None:
    cert, key = certificate_pair()
    consumer = {
        "username": "bob",
        "not_allowed": True,
        "basicauth_credentials": [{"username": "superduper", "password": "hard2guess", "extra": 1}],
        "acls": [{"group": "app"}, {"group": "next", "extra_acl": 1}],
    }
    route = {"name": "r", "paths": ["/"], "tags": ["a"], "bogus": 1, "plugins": [{"name": "cors", "nope": 1}]}
    service = {"name": "s", "host": "a", "wat": 1, "routes": [route, {"name": "fine", "paths": ["/x"]}]}
    service["plugins"] = [{"name": "key-auth", "config": {"bad": 1}}]
    inline = {"name": "t", "protocol": "https", "host": "a", "client_certificate": {"cert": "x", "key": "y"}}
    error = refuses(
        consumers=[consumer, {"username": "fine"}],
        plugins=[{"name": "http-log", "config": {"http_endpoint": "no"}}, {"name": "fine-not"}],
        certificates=[{"cert": cert, "key": key, "oops": 1}],
        services=[service, inline],
        upstreams=[{"name": "u", "hash_on": 13, "targets": [{"target": "hostname:1.0"}, {"target": "10.0.0.1:80"}]}],
        vaults=[{"name": "nope", "prefix": "my-vault"}],
    )

    not_enabled = "plugin '{}' not enabled; add it to the 'plugins' configuration property".format
    own = {name: value for name, value in service.items() if name not in ("routes", "plugins")}
    fields, entries = error.flattened()
    assert fields == {}
    certificate_faults = [
        each for each in entries if each["entity_type"] == "certificate" and "oops" not in each["entity"]
    ]
    assert [each["entity"] for each in certificate_faults] == [{"cert": "x", "key": "y"}]
    assert {fault["field"] for fault in certificate_faults[0]["errors"]} == {"cert", "key"}
    entries = [each for each in entries if each is not certificate_faults[0]]
    target = next(each for each in entries if each["entity_type"] == "target")
    assert target["errors"][0]["message"].startswith("Invalid target ('hostname:1.0'); ")
    expected = [
        entry("consumer", {"username": "bob", "not_allowed": True}, ("not_allowed", "unknown field")),
        entry("basicauth_credential", consumer["basicauth_credentials"][0], ("extra", "unknown field")),
        entry("acl", consumer["acls"][1], ("extra_acl", "unknown field")),
        entry(
            "plugin",
            {"name": "http-log", "config": {"http_endpoint": "no"}},
            ("config.http_endpoint", "missing host in url"),
            entity_name="http-log",
        ),
        entry("plugin", {"name": "fine-not"}, ("name", not_enabled("fine-not")), entity_name="fine-not"),
        entry("certificate", {"cert": cert, "key": key, "oops": 1}, ("oops", "unknown field")),
        entry("service", own, ("wat", "unknown field"), entity_name="s"),
        entry(
            "route",
            {name: value for name, value in route.items() if name != "plugins"},
            ("bogus", "unknown field"),
            entity_name="r",
            entity_tags=["a"],
        ),
        entry("plugin", {"name": "cors", "nope": 1}, ("nope", "unknown field"), entity_name="cors"),
        entry("plugin", service["plugins"][0], ("config.bad", "unknown field"), entity_name="key-auth"),
        entry("upstream", {"name": "u", "hash_on": 13}, ("hash_on", "expected a string"), entity_name="u"),
        target,
        entry(
            "vault",
            {"name": "nope", "prefix": "my-vault"},
            ("name", "vault 'nope' is not installed"),
            entity_name="nope",
        ),
    ]
    assert by_text(entries) == by_text(expected)


SERVICE = {"name": "s", "host": "a"}
CASES: list[tuple[str, dict[str, Any], list[tuple[str | None, str]], dict[str, Any]]] = [
    ("services", {**SERVICE, "x": 1}, [("x", "unknown field")], {"entity_name": "s"}),
    ("services", {"name": "", "host": "a"}, [("name", "length must be at least 1")], {"entity_name": ""}),
    (
        "services",
        {**SERVICE, "tags": ["a", "b", 1234, True]},
        [("tags.3", "expected a string"), ("tags.4", "expected a string")],
        {"entity_name": "s"},
    ),
    ("services", {**SERVICE, "id": 1234}, [("id", "expected a string")], {"entity_name": "s"}),
    ("services", {**SERVICE, "id": "no"}, [("id", "expected a valid UUID")], {"entity_name": "s"}),
    ("services", {**SERVICE, "name": 1234}, [("name", "expected a string")], {}),
    (
        "services",
        {**SERVICE, "tags": "x", "id": KEY(1)},
        [("tags", "expected a set")],
        {"entity_name": "s", "entity_id": KEY(1)},
    ),
    (
        "services",
        {**SERVICE, "protocol": "tcp", "path": "/x"},
        [
            ("path", "value must be null"),
            (None, "failed conditional validation given value of field 'protocol'"),
        ],
        {"entity_name": "s"},
    ),
    (
        "upstreams",
        {"name": "u", "healthchecks": {"active": {"concurrency": -1}}},
        [("healthchecks.active.concurrency", "value should be between 1 and 2147483648")],
        {"entity_name": "u"},
    ),
    ("routes", {"name": "r", "protocols": ["nope"]}, [("protocols", "unknown type: nope")], {"entity_name": "r"}),
]


@pytest.mark.parametrize(("kind", "entity", "errors", "facts"), CASES)
def test_15_each_fault_with_its_dotted_field(
    refuses: Refuses, kind: str, entity: dict[str, Any], errors: list[tuple[str | None, str]], facts: dict[str, Any]
) -> None:
    error = refuses(**{kind: [entity]})

    flattened(error, entry(kind.removesuffix("s"), entity, *errors, **facts))


def test_16_children_get_the_id_that_their_parent_was_given(refuses: Refuses) -> None:
    route = {"id": KEY(2), "name": "r", "paths": ["/"], "x": 1}
    loose = {"name": "q", "paths": ["/"], "x": 1}

    error = refuses(
        services=[{"id": KEY(1), **SERVICE, "routes": [route]}, {"name": "t", "host": "a", "routes": [loose]}]
    )

    flattened(
        error,
        entry(
            "route",
            {**route, "service": {"id": KEY(1)}},
            ("x", "unknown field"),
            entity_id=KEY(2),
            entity_name="r",
        ),
        entry("route", loose, ("x", "unknown field"), entity_name="q"),
    )


def test_16_references_are_cut_down_to_their_id(refuses: Refuses) -> None:
    plugin = {"name": "cors", "service": {"id": KEY(1), "name": "s"}, "x": 1}

    error = refuses(services=[{"id": KEY(1), **SERVICE}], plugins=[plugin])

    flattened(error, entry("plugin", {**plugin, "service": {"id": KEY(1)}}, ("x", "unknown field"), entity_name="cors"))


def test_17_the_same_refusal_in_both_forms(refuses: Refuses) -> None:
    consumer = {"username": "bob", "not_allowed": True, "acls": [{"group": "g", "y": 1}]}
    error = refuses(
        consumers=[consumer],
        plugins=[{"name": "cors", "x": 1}],
        services=[{"name": "s", "z": 1, "host": "a"}],
        abnormal_extra_field=123,
    )

    unknown = "unknown field"
    assert error.body()["fields"] == {
        "abnormal_extra_field": unknown,
        "consumers": [{"not_allowed": unknown, "acls": [{"y": unknown}]}],
        "plugins": [{"x": unknown}],
        "services": [{"z": unknown}],
    }
    fields, entries = error.flattened()
    assert fields == {"abnormal_extra_field": unknown}
    assert len(entries) == 4
    assert error.flattened_body()["message"] == 'declarative config is invalid: {abnormal_extra_field="unknown field"}'


def test_18_one_user_name_in_many_places_is_no_crash(refuses: Refuses) -> None:
    plugins = [
        {"name": "cors", "consumer": {"username": "bob"}},
        {"name": "cors", "consumer": "bob", "enabled": False},
        {"name": "cors", "consumer": {"username": 5}},
        {"name": "cors", "consumer": ["bob"]},
    ]

    error = refuses(consumers=[{"username": "bob"}, {"username": "bob", "plugins": plugins}], plugins=plugins)

    assert error.flattened_body()["flattened_errors"]
    assert error.tree()


def test_19_a_name_that_is_declared_twice(refuses: Refuses) -> None:
    second = {"id": KEY(2), "username": "bob"}

    error = refuses(consumers=[{"id": KEY(1), "username": "bob"}, second])

    text = "uniqueness violation: 'consumers' entity with username set to 'bob' already declared"
    flattened(error, entry("consumer", second, (None, text), entity_id=KEY(2)))


def test_19_a_target_that_is_declared_twice(refuses: Refuses) -> None:
    target = {"target": "10.0.0.1:80"}

    error = refuses(upstreams=[{"name": "u1", "targets": [target, {**target, "weight": 5}]}])

    made = "74258294-daab-5fa4-8dfc-a1924791d090"
    text = f"uniqueness violation: 'targets' entity with primary key set to '{made}' already declared"
    flattened(error, entry("target", {**target, "weight": 5, "id": made}, (None, text), entity_id=made))
    assert error.fields == {"upstreams": [{"targets": [None, text]}]}


def test_references_that_lead_nowhere_stay_in_the_fields(refuses: Refuses) -> None:
    """The reference loses them (admin-api.md 6, 10)."""
    error = refuses(plugins=[{"name": "cors", "service": "nope"}])

    text = "invalid reference 'service: nope' (no such entry in 'services')"
    flattened(error, fields={"plugins": {"1": [text]}})
