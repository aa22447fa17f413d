"""Null next to a default, and conditions on a field that is not there."""

import pytest

from gwctl.schema import Entity, Record, Schema, fields
from gwctl.schema.checks import Conditional, ConditionalAtLeastOneOf


class Agent(Record):
    host: str | None = fields.string(default="localhost", keeps_null=True)
    port: int | None = fields.integer(default=8125)


class Thing(Entity, name="things"):
    name: str | None = fields.string(default="n", keeps_null=True)
    agent: Agent | None = fields.record(Agent, default={})


THINGS = Schema(Thing)


def test_a_given_null_is_kept_where_it_means_something():
    assert THINGS.prepare_insert({}, now=1) == {"name": "n", "agent": {"host": "localhost", "port": 8125}}
    given = {"name": None, "agent": {"host": None, "port": None}}
    record = THINGS.prepare_insert(given, now=1)
    assert record == {"name": None, "agent": {"host": None, "port": 8125}}
    assert THINGS.check(record) == record


def test_an_update_keeps_it_too():
    old = THINGS.prepare_insert({}, now=1)
    new = THINGS.prepare_update({"name": None, "agent": {"host": None}}, now=1, existing=old)
    assert new == {"name": None, "agent": {"host": None, "port": 8125}}
    assert THINGS.prepare_update({}, now=1, existing=new) == new


class Inner(Record):
    kind: str = fields.string(required=True)
    mode: str = fields.string(required=True, default="x")
    rate: float | None = fields.number()


def judged(check, record, *, updating=False):
    class Outer(Entity, name="outer", checks=(check,)):
        kind: str = fields.string(required=True)
        mode: str = fields.string(required=True, default="x")
        rate: float | None = fields.number()
        inner: Inner | None = fields.record(Inner, default={})

    schema = Schema(Outer)
    return schema.validate(
        schema.prepare_insert({"kind": "k", "inner": {"kind": "k"}, **record}, now=1), updating=updating
    )


CHECKS = [
    lambda where: Conditional(f"{where}kind", {"eq": "counter"}, f"{where}rate", {"required": True}),
    lambda where: ConditionalAtLeastOneOf(f"{where}kind", {"eq": "counter"}, (f"{where}rate",), "needs %s"),
]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(("updating", "more"), [(False, ""), (True, " when updating")])
def test_a_condition_needs_its_field(check, updating, more):
    text = f"field required for entity check{more}"
    assert judged(check(""), {"kind": None}, updating=updating) == {"kind": text}
    assert judged(check("inner."), {"inner": {}}, updating=updating) == {"inner": {"kind": text}}
    assert judged(check(""), {"kind": 5}) == {"kind": "expected a string"}
    assert judged(check(""), {}) == {}


def test_a_field_with_a_default_is_never_needed():
    check = Conditional("mode", {"eq": "y"}, "rate", {"required": True})
    assert judged(check, {"mode": None}) == {"mode": "required field missing"}
