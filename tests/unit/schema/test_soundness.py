"""What is admitted the short way is exactly what the long way accepts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.entities import Catalog
from gwctl.entities.catalog import node_catalog
from gwctl.plugins.bundled import bundled_schemas
from gwctl.schema import EntityError, RecordDict, Schema

CATALOG: Catalog = node_catalog(bundled_schemas().values())
ID = "6b7d3a52-9cbf-4bd4-8a3a-1d2c5f1f8a11"
NOW = 1_800_000_000.25
SCALARS: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["A", "http", "grpc", "tls", "h.test", "/", "", "key-auth", "rate-limiting", ID, "\0"])
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "ip", "port", "minute", "policy", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)
GOOD: dict[str, dict[str, Any]] = {
    "services": {"name": "s", "host": "h.test"},
    "routes": {"name": "r", "paths": ["/r"], "service": {"id": ID}},
    "plugins": {"name": "rate-limiting", "config": {"minute": 5}},
    "consumers": {"username": "c"},
    "upstreams": {"name": "u"},
}


def by_the_long_way(schema: Schema, values: dict[str, Any]) -> RecordDict | None:
    try:
        record = schema.prepare_insert(values, now=NOW, canonical=False, warn=lambda text: None)
    except EntityError:
        return None
    return None if schema.validate(record) else record


def by_the_short_way(schema: Schema, values: dict[str, Any]) -> RecordDict | None:
    try:
        return schema.admit(values, now=NOW, warn=lambda text: None)
    except EntityError:
        return None


def complete(schema: Schema, values: dict[str, Any]) -> dict[str, Any]:
    """``values`` with what else would be made by chance."""
    chance = (name for name, field in schema.fields.items() if field.kind == "string" and (field.auto or field.uuid))
    made = {name: ID if schema.fields[name].uuid else "token" for name in chance if values.get(name) is None}
    return {**values, **made}


@pytest.mark.parametrize("entity", CATALOG.names)
@given(data=st.data())
def test_nothing_is_admitted_that_is_not_valid(entity: str, data: st.DataObject) -> None:
    schema = CATALOG[entity]
    good = GOOD.get(entity, {})
    names = st.sampled_from([*schema.fields, *schema.shorthands, "unknown"])
    values = complete(schema, {**good, **data.draw(st.dictionaries(names, VALUES, max_size=3))})

    admitted = by_the_short_way(schema, values)

    assert admitted is None or admitted == by_the_long_way(schema, values)


@pytest.mark.parametrize("entity", GOOD)
def test_usual_records_take_the_short_way(entity: str) -> None:
    values = complete(CATALOG[entity], GOOD[entity])
    admitted = by_the_short_way(CATALOG[entity], values)

    assert admitted is not None
    assert admitted == by_the_long_way(CATALOG[entity], values)
    assert list(admitted) == list(CATALOG[entity].fields)


def test_a_default_that_another_variant_refuses_is_not_admitted() -> None:
    route = complete(CATALOG["routes"], {"paths": ["/"], "protocols": ["grpc"], "strip_path": True})

    assert by_the_short_way(CATALOG["routes"], route) is None


@pytest.mark.parametrize(
    ("entity", "values"),
    [
        ("services", {"name": "a-required-field-is-missing"}),
        ("services", {"host": "h.test", "port": None}),
        ("services", {"host": "h.test", "unknown": 1}),
        ("services", {"host": "h.test", "protocol": "tcp", "path": "/a-check-of-the-entity"}),
        ("routes", {"name": "a-check-of-the-default-variant"}),
        ("plugins", {"name": "no such variant"}),
        ("plugins", {"name": "rate-limiting", "config": {}}),
        ("plugins", {"name": "rate-limiting", "config": {"minute": -1}}),
        ("plugins", {"name": "rate-limiting", "config": {"minute": 1, "unknown": 1}}),
        ("plugins", {"name": "rate-limiting"}),
    ],
)
def test_what_is_refused_is_never_admitted(entity: str, values: dict[str, Any]) -> None:
    given = complete(CATALOG[entity], values)

    assert by_the_short_way(CATALOG[entity], given) is None
    assert by_the_long_way(CATALOG[entity], given) is None
