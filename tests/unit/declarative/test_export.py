"""Files that are made of records load into the same records."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gwctl.declarative import Declared, export, load, load_values
from gwctl.declarative.export import Form
from gwctl.declarative.source import read_source
from gwctl.declarative.yaml_out import emit
from gwctl.entities.catalog import Catalog, node_catalog
from gwctl.plugins.bundled import bundled_schemas
from tests.unit.declarative.conftest import NOW
from tests.unit.declarative.everything import everything

FORMS: list[Form] = ["yaml", "json"]


@pytest.fixture(scope="module")
def declared(catalog: Catalog) -> Declared:
    return load_values(everything(), catalog=catalog, now=NOW)


def test_the_example_holds_every_kind(declared: Declared, catalog: Catalog) -> None:
    assert set(declared.records) == {schema.name for schema in catalog if schema.dumped and schema.stored} - {
        "filter_chains"
    }


@pytest.mark.parametrize("form", FORMS)
def test_export_then_load_changes_nothing(declared: Declared, catalog: Catalog, form: Form) -> None:
    text = export(declared, catalog=catalog, form=form, now=NOW)

    again = load(text, catalog=catalog, now=NOW, name=f"a.{form}")

    assert again.records == declared.records
    assert [list(records) for records in again.records.values()] == [list(each) for each in declared.records.values()]
    assert export(again, catalog=catalog, form=form, now=NOW) == text
    assert not again.transform
    assert again.derived == again.random == {}


def test_both_forms_and_another_reader_see_the_same(declared: Declared, catalog: Catalog) -> None:
    as_yaml = yaml.safe_load(export(declared, catalog=catalog, form="yaml", now=NOW))
    as_json = json.loads(export(declared, catalog=catalog, form="json", now=NOW))

    assert as_yaml == as_json


def test_the_shape_of_a_file(declared: Declared, catalog: Catalog) -> None:
    text = export(declared, catalog=catalog, now=NOW)
    document = yaml.safe_load(text)

    assert text.startswith("_format_version: '3.0'\n_transform: false\n")
    assert "\n---" not in text
    assert '  custom_id: "0123"\n' in text
    assert "  hash_on_header: ~\n" in text
    assert "  cert: |\n    -----BEGIN CERTIFICATE-----\n" in text
    kinds = [name for name in document if not name.startswith("_")]
    assert kinds == [name for name in catalog.names if name in kinds]
    assert document["routes"][0]["service"] == document["services"][0]["id"]
    assert not {"workspaces", "tags", "clustering_data_planes", "sessions"} & set(document)


def test_a_time_to_live_is_written_as_what_is_left(declared: Declared, catalog: Catalog) -> None:
    def keys(now: float) -> list[Any]:
        document = yaml.safe_load(export(declared, catalog=catalog, now=now))
        return [each["ttl"] for each in document.get("keyauth_credentials", ())]

    assert sorted(keys(NOW), key=str) == [3600, None]
    assert sorted(keys(NOW + 600), key=str) == [3000, None]
    assert keys(NOW + 3601) == [None]


def test_passwords_that_are_hashed_already_are_not_hashed_again(declared: Declared, catalog: Catalog) -> None:
    (stored,) = declared.records["basicauth_credentials"].values()

    (again,) = (
        load(export(declared, catalog=catalog, now=NOW), catalog=catalog, now=NOW)
        .records["basicauth_credentials"]
        .values()
    )

    assert again["password"] == stored["password"] != "p: #x"


def test_what_is_no_configuration_is_left_out(catalog: Catalog) -> None:
    records = [(schema.name, {"id": "x", "key": "k"}) for schema in catalog]

    document = json.loads(export(records, catalog=catalog, form="json"))

    assert "parameters" in document
    assert not document.keys() & {
        *("workspaces", "tags", "clustering_data_planes", "sessions"),
        *("oauth2_authorization_codes", "ratelimiting_metrics"),
    }


def test_nothing_is_held_in_memory(catalog: Catalog) -> None:
    from gwctl.declarative import export_lines

    taken = 0

    def records() -> Any:
        nonlocal taken
        while True:
            taken += 1
            yield "parameters", {"key": str(taken), "value": "x", "created_at": 1}

    lines = export_lines(records(), catalog=catalog)
    for _ in range(100):
        next(lines)

    assert taken < 50


ODD = (
    *("yes", "n", "~", "1e3", "0777", "a: b", "- a", "# a", "a #b", "'", '"', "{a}", "x\n", "x\n\n", "\nx", " x\ny"),
    *("x\r\ny", "=", "<<", "*a", "&a", "!a", "%a", "@a", "`a", "---", "...", "2024-01-01", "null", "\ufeffx"),
    *("a\x85b", "a\u2028b"),
)
TEXT = st.text(min_size=1, max_size=40).filter(lambda text: "\0" not in text) | st.sampled_from(ODD)
NAME = st.text(alphabet="abcXYZ019._~-é", min_size=1, max_size=12)
TAG = st.text(alphabet="abc 1:#'\"-é", min_size=1, max_size=8)
HEADER = st.text(alphabet="abcXYZ019_-", min_size=1, max_size=8).map(lambda text: f"x{text}")
HEADERS = st.dictionaries(HEADER, st.lists(TEXT, min_size=1, max_size=2), min_size=1, max_size=2)

SERVICES = st.lists(
    st.fixed_dictionaries(
        {"name": NAME, "host": st.just("a.test"), "tags": st.none() | st.lists(TAG, max_size=3)},
        optional={
            "retries": st.integers(0, 9),
            "plugins": st.just([{"name": "cors"}]),
            "routes": st.lists(st.fixed_dictionaries({"headers": HEADERS}), max_size=2),
        },
    ),
    max_size=3,
    unique_by=lambda service: service["name"],
)
KEYS = st.lists(st.fixed_dictionaries({"ttl": st.none() | st.integers(1, 10**8)}), max_size=2)
CONSUMERS = st.lists(
    st.fixed_dictionaries(
        {"username": TEXT},
        optional={
            "keyauth_credentials": KEYS,
            "basicauth_credentials": st.just([{"username": "u", "password": "p"}]),
        },
    ),
    max_size=2,
    unique_by=lambda consumer: consumer["username"],
)


@pytest.mark.parametrize("form", FORMS)
@given(services=SERVICES, consumers=CONSUMERS)
@settings(max_examples=60)
def test_flatten_after_export_is_the_identity(form: Form, services: list[Any], consumers: list[Any]) -> None:
    users = [each for each in consumers if "basicauth_credentials" in each][1:]
    kept = [each for each in consumers if each not in users]
    catalog = every_entity()
    first = load_values({"_format_version": "3.0", "services": services, "consumers": kept}, catalog=catalog, now=NOW)

    text = export(first, catalog=catalog, form=form, now=NOW)

    assert load(text, catalog=catalog, now=NOW).records == first.records


@cache
def every_entity() -> Catalog:
    """For a test that hypothesis repeats, which takes no fixtures."""
    return node_catalog(bundled_schemas().values())


VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.just(""),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXT.filter(lambda text: text != "<<"), inner, max_size=3)
    ),
    max_leaves=15,
)


@given(st.dictionaries(TEXT.filter(lambda text: text != "<<"), VALUE, max_size=4))
def test_any_value_is_written_so_that_every_reader_reads_it(document: dict[str, Any]) -> None:
    text = "".join(f"{line}\n" for line in emit(document)) or "{}"

    assert read_source(text, "a.yaml").document == document
    assert yaml.safe_load(text) == document
    assert orjson.loads(orjson.dumps(document)) == document
