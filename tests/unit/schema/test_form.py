from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.schema import Entity, Record, Reference, Schema, fields
from gwctl.schema.shorthand import Shorthand


class Place(Record):
    ip: str | None = fields.string()
    port: int | None = fields.integer()


class Health(Record):
    on: bool | None = fields.boolean()
    headers: Mapping[str, tuple[str, ...]] | None = fields.map(fields.string(), fields.array(fields.string()))
    statuses: tuple[int, ...] | None = fields.array(fields.integer())


class Thing(
    Entity,
    name="things",
    shorthands=(Shorthand("url", fields.string(), lambda url: {}),),
    virtual={"snis": fields.array(fields.string())},
):
    name: str | None = fields.string()
    port: int | None = fields.integer()
    ratio: float | None = fields.number()
    on: bool | None = fields.boolean()
    hosts: tuple[str, ...] | None = fields.array(fields.string())
    ports: tuple[int, ...] | None = fields.set(fields.integer())
    sources: tuple[Place, ...] | None = fields.set(fields.record(Place))
    labels: Mapping[str, str] | None = fields.map(fields.string(), fields.string())
    health: Health | None = fields.record(Health)
    config: Mapping[str, object] | None = fields.json(json_object=True)
    parent: Reference | None = fields.foreign("things")


SCHEMA = Schema(Thing)


@pytest.mark.parametrize(
    ("pairs", "values"),
    [
        ([("name", "x")], {"name": "x"}),
        ([("name", "80")], {"name": "80"}),
        ([("name", "")], {"name": None}),
        ([("name", "a"), ("name", "b")], {"name": ["a", "b"]}),
        ([("url", "http://a")], {"url": "http://a"}),
        ([("port", "80")], {"port": 80}),
        ([("port", "1e3")], {"port": 1000}),
        ([("port", "1.5")], {"port": "1.5"}),
        ([("port", "foobar")], {"port": "foobar"}),
        ([("port", "")], {"port": None}),
        ([("port", "9" * 5000)], {"port": "9" * 5000}),
        ([("ratio", "0.5")], {"ratio": 0.5}),
        ([("ratio", "1e999")], {"ratio": "1e999"}),
        ([("ratio", "nan")], {"ratio": "nan"}),
        ([("on", "true")], {"on": True}),
        ([("on", "false")], {"on": False}),
        ([("on", "yes")], {"on": "yes"}),
        ([("hosts", "a")], {"hosts": ["a"]}),
        ([("hosts", "a,b")], {"hosts": ["a,b"]}),
        ([("hosts", "")], {"hosts": None}),
        ([("hosts", "a"), ("hosts", "b")], {"hosts": ["a", "b"]}),
        ([("hosts[]", "a"), ("hosts[]", "b")], {"hosts": ["a", "b"]}),
        ([("hosts[2]", "b"), ("hosts[1]", "a")], {"hosts": ["a", "b"]}),
        ([("hosts.a", "b")], {"hosts": {"a": "b"}}),
        ([("ports", "1"), ("ports", "x")], {"ports": [1, "x"]}),
        ([("snis[1]", "a"), ("snis[2]", "b")], {"snis": ["a", "b"]}),
        ([("sources[1].ip", "1.2.3.4"), ("sources[1].port", "80")], {"sources": [{"ip": "1.2.3.4", "port": 80}]}),
        (
            [("sources[].ip", "a"), ("sources[].port", "1"), ("sources[].ip", "b")],
            {"sources": [{"ip": "a", "port": 1}, {"ip": "b"}]},
        ),
        ([("labels.a", "1"), ("labels[b.c]", "2"), ("labels[3]", "x")], {"labels": {"a": "1", "b.c": "2", "3": "x"}}),
        ([("labels", "x")], {"labels": "x"}),
        ([("health", "x")], {"health": "x"}),
        (
            [("health.headers.X[1]", "a"), ("health.headers.Y", "b"), ("health.statuses[1]", "200")],
            {"health": {"headers": {"X": ["a"], "Y": ["b"]}, "statuses": [200]}},
        ),
        ([("health.on", "true"), ("health.other", "1")], {"health": {"on": True, "other": "1"}}),
        ([("parent.id", "1")], {"parent": {"id": "1"}}),
        ([("parent.name", "80")], {"parent": {"name": "80"}}),
        ([("parent", "x")], {"parent": "x"}),
        (
            [("config.limit", "5"), ("config.on", "true"), ("config.names[1]", "a"), ("config.none", "")],
            {"config": {"limit": 5, "on": True, "names": ["a"], "none": None}},
        ),
        ([("other.a[]", "1")], {"other": {"a": ["1"]}}),
        ([("a[b", "x"), ("[y]", "z"), ("a..b", "w")], {"a[b": "x", "[y]": "z", "a..b": "w"}),
        ([], {}),
    ],
)
def test_decoding(pairs, values):
    assert SCHEMA.decode_form(pairs) == values


def test_a_name_cannot_dig_without_bound():
    name = ".".join("a" * 5000)
    assert SCHEMA.decode_form([(name, "x")]) == {name: "x"}


@pytest.mark.parametrize("name", ["hosts[{}]", "hosts.{}", "labels[{}]", "other[{}].a"])
def test_a_place_beyond_all_lists_is_a_name(name):
    digits = "9" * 5000  # more than Python turns into a number
    decoded = SCHEMA.decode_form([(name.format(digits), "x")])
    assert list(next(iter(decoded.values()))) == [digits]


def encode(value, name=""):
    """The form that a JSON value has; null is the empty text."""
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in encode(item, f"{name}.{key}" if name else key)]
    if isinstance(value, list):
        return [pair for place, item in enumerate(value, 1) for pair in encode(item, f"{name}[{place}]")]
    if isinstance(value, bool):
        return [(name, "true" if value else "false")]
    return [(name, "" if value is None else str(value))]


words = st.text("abcxyz-", min_size=1, max_size=5)
records = st.fixed_dictionaries(
    {},
    optional={
        "name": words | st.none(),
        "port": st.integers(-(10**9), 10**9) | st.none(),
        "on": st.booleans() | st.none(),
        "hosts": st.lists(words, min_size=1, max_size=3) | st.none(),
        "ports": st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True),
        "sources": st.lists(
            st.fixed_dictionaries({"ip": words}, optional={"port": st.integers(0, 9)}), min_size=1, max_size=3
        ),
        "labels": st.dictionaries(words, words, min_size=1, max_size=3),
        "health": st.fixed_dictionaries(
            {"on": st.booleans()},
            optional={"headers": st.dictionaries(words, st.lists(words, min_size=1, max_size=2), min_size=1)},
        ),
        "parent": st.fixed_dictionaries({"id": words}),
    },
)


@given(records)
def test_a_form_says_the_same_as_json(record):
    assert SCHEMA.decode_form(encode(record)) == record


@given(st.lists(st.tuples(st.text(".[]ab1hostsconfig", max_size=20), st.text(max_size=5)), max_size=8))
def test_any_form_is_decoded(pairs):
    assert isinstance(SCHEMA.decode_form(pairs), dict)
