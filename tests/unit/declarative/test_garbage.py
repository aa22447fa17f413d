"""Whatever a document holds where entities and their fields belong: records, or one error, never a crash."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from gwctl.declarative import DeclarativeError, load_values
from gwctl.entities.catalog import Catalog, node_catalog
from gwctl.plugins.bundled import bundled_schemas
from tests.unit.declarative.conftest import NOW


@cache
def every_entity() -> Catalog:
    return node_catalog(bundled_schemas().values())


SCALAR = (
    st.none()
    | st.booleans()
    | st.integers(-2, 70000)
    | st.just(2.0**70)
    | st.floats()
    | st.sampled_from(["", "a", "x y", "/p", "~/(", "http", "{vault://env/x}", "\0", "cors", "1.2.3.4:5"])
    | st.sampled_from(["11111111-0000-4000-8000-000000000001", "11111111-0000-4000-8000-00000000000A"])
)


@cache
def names() -> st.SearchStrategy[str]:
    """Names of fields, entities and plugin settings, and some that nobody knows."""
    catalog = every_entity()
    known = {name for schema in catalog for name in (*schema.fields, *schema.shorthands, schema.name)}
    known |= {name for plugin in catalog.plugins.values() for name in plugin.config.declared}
    return st.sampled_from(sorted(known | {"", "nope", "@entity", "_comment", "_ignore", "id"}))


VALUE = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names(), inner, max_size=4), max_leaves=12
)


@cache
def documents() -> st.SearchStrategy[dict[str, Any]]:
    kinds = st.sampled_from([schema.name for schema in every_entity()])
    nested = st.dictionaries(kinds, st.lists(st.dictionaries(names(), VALUE, max_size=4), max_size=2), max_size=2)
    entity = st.builds(lambda own, below: {**own, **below}, st.dictionaries(names(), VALUE, max_size=5), nested)
    return st.dictionaries(kinds, st.lists(entity, max_size=3) | VALUE, max_size=4)


@given(st.data(), st.sampled_from(["1.1", "3.0"]))
@settings(max_examples=20, deadline=None)
def test_garbage_is_refused_in_every_form_or_loaded(data: st.DataObject, version: str) -> None:
    document = {"_format_version": version, **data.draw(documents())}
    try:
        declared = load_values(document, catalog=every_entity(), now=NOW)
    except DeclarativeError as error:
        assert error.tree()  # noqa: PT017
        assert all(place.message for place in error.places)  # noqa: PT017
        for body in (error.body(), error.flattened_body()):
            orjson.dumps(body, default=str)
        return
    for entity, records in declared.records.items():
        assert all(record[every_entity()[entity].primary_key] == key for key, record in records.items())


@given(st.sampled_from(sorted(bundled_schemas())), st.data())
@settings(max_examples=25, deadline=None)
def test_garbage_in_the_configuration_of_every_plugin(name: str, data: st.DataObject) -> None:
    fields = sorted(bundled_schemas()[name].config.declared)
    config = data.draw(st.dictionaries(st.sampled_from([*fields, "nope"]), VALUE, max_size=4))
    try:
        load_values(
            {"_format_version": "3.0", "plugins": [{"name": name, "config": config}]}, catalog=every_entity(), now=NOW
        )
    except DeclarativeError as error:
        assert error.fields["plugins"]  # noqa: PT017
