"""Where errors stand: file, line, column and path (ecosystem.md A3)."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gwctl.declarative.places import locate
from tests.unit.declarative.conftest import Refuses

YAML = """\
# a comment
_format_version: "3.0"
services:
- name: a
  host: b
  routes:
  - {name: "é", paths: [/a, b]}
  - &r
    name: x y
    paths:
      - /ok
      - bad
consumers: [{username: bob, acls: [{}]}]
nonsense: 1
"""


def test_yaml(refuses: Refuses) -> None:
    error = refuses(YAML, name="conf/kong.yml")

    assert [str(place).split(": ")[:2] for place in error.places] == [
        ["conf/kong.yml:7:29", "services[0].routes[0].paths[1]"],
        ["conf/kong.yml:9:5", "services[0].routes[1].name"],
        ["conf/kong.yml:12:9", "services[0].routes[1].paths[1]"],
        ["conf/kong.yml:13:36", "consumers[0].acls[0].group"],
        ["conf/kong.yml:14:1", "nonsense"],
    ]


def test_json(refuses: Refuses) -> None:
    text = (
        '{"_format_version": "3.0",\n "services": [\n  {"name": "é\\"", "host": "b",\n'
        '   "tags": ["x", 5]}], "q\\u0041": {}}'
    )

    error = refuses(text, name="kong.json")

    assert [str(place).split(": ")[:2] for place in error.places] == [
        ["kong.json:3:4", "services[0].name"],
        ["kong.json:4:18", "services[0].tags[1]"],
        ["kong.json:4:24", "qA"],
    ]


def test_a_missing_field_has_the_place_of_its_entity(refuses: Refuses) -> None:
    error = refuses('_format_version: "3.0"\nservices:\n- name: a\n\n- port: 1\n', name="k.yaml")

    assert [(place.line, place.column) for place in error.places] == [(3, 3), (5, 3)]


def test_what_is_repeated_and_what_leads_nowhere_have_places(refuses: Refuses) -> None:
    error = refuses(
        '_format_version: "3.0"\nconsumers:\n- {username: a, custom_id: x}\n- {username: b, custom_id: x}\n'
        "plugins:\n- name: cors\n  service: zz\n",
        name="k.yaml",
    )

    assert [(place.path, place.line) for place in error.places] == [
        ("consumers[1].custom_id", 4),
        ("plugins[0].service", 7),
    ]


def test_every_one_of_many_errors_is_told(refuses: Refuses) -> None:
    error = refuses(services=[{"name": f"s {n}", "host": "a", "port": -1} for n in range(200)])

    assert len(error.places) == 400
    assert sum("in 'port':" in line for line in error.tree()) == 200


NAMES = st.text(alphabet='abcé"\\/', min_size=1, max_size=4)
DOCUMENT = st.recursive(
    st.integers() | st.text(alphabet='abcé"\\ \n', max_size=5) | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(alphabet='abcé"\\/', min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)


def paths_in(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(below for key, item in items for below in paths_in(item, (*path, key)))]


@given(DOCUMENT, st.booleans())
def test_json_and_yaml_agree_on_places(document: Any, indented: bool) -> None:
    text = json.dumps(document, indent=2 if indented else None, ensure_ascii=False).encode()
    paths = paths_in(document)

    assert locate(text, "json", paths) == locate(text, "yaml", paths)


@given(DOCUMENT)
def test_every_path_of_a_yaml_text_is_found(document: Any) -> None:
    text = yaml.safe_dump(document, allow_unicode=True).encode()

    marks = locate(text, "yaml", paths_in(document))

    assert all(mark is not None for mark in marks)
    assert len(set(marks)) >= len(marks) / 2


@pytest.mark.parametrize("text", [b"{", b'{"a": ', b"a: [", b"", b'"'])
def test_a_broken_text_gives_what_it_has(text: bytes) -> None:
    for syntax in ("json", "yaml"):
        assert len(locate(text, syntax, [("a",), ()])) == 2


@pytest.mark.parametrize("text", [b"x", rb"\n"])
def test_a_long_text_in_json_costs_its_length(text: bytes) -> None:
    data = b'{"a": "' + text * (2 << 20) + b'", "b": 1}'
    tracemalloc.start()
    try:
        assert locate(data, "json", [("b",)])[0] == (1, len(data) - 6)
        assert tracemalloc.get_traced_memory()[1] < 16 * len(data)
    finally:
        tracemalloc.stop()
