"""Read by mypy in strict mode, never run: every ``type: ignore`` below must be needed, and nothing else wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, assert_type

from gwctl.schema import ABSENT, Absent, Entity, Maybe, Record, Reference, fields


class Active(Record):
    timeout: float | None = fields.number(default=1)
    path: str = fields.string(required=True)


class Health(Record):
    threshold: float | None = fields.number(default=0)
    active: Active | None = fields.record(Active, default={})


class Standard(Entity):
    id: str = fields.string(uuid=True, auto=True)


class Thing(Standard, name="things", endpoint_key="name", unique=(("name", "owner"),)):
    name: str | None = fields.string(unique=True)
    port: int = fields.integer(required=True, default=80)
    tags: tuple[str, ...] | None = fields.set(fields.string())
    labels: Mapping[str, str] | None = fields.map(fields.string(), fields.string())
    health: Health | None = fields.record(Health, default={})
    owner: Reference | None = fields.foreign("things", on_delete="cascade")


def reading(thing: Thing) -> None:
    assert_type(thing.id, str)
    assert_type(thing.name, str | None)
    assert_type(thing.port, int)
    assert_type(thing.tags, tuple[str, ...] | None)
    assert_type(thing.labels, Mapping[str, str] | None)
    assert_type(thing.owner, Reference | None)
    assert_type(Thing.load({}), Thing)


def nested_records(thing: Thing) -> None:
    print(thing.health.active)  # type: ignore[union-attr]
    if thing.health is not None and thing.health.active is not None:
        assert_type(thing.health.active, Active)
        assert_type(thing.health.active.timeout, float | None)
        print(thing.health.active.timout)  # type: ignore[attr-defined]


def making() -> Thing:
    Thing(id="1", name=None, tags=None, labels=None, owner=None)
    Thing(id="1", name=None, tags=None, labels=None)  # type: ignore[call-arg]
    Thing(id="1", name=2, tags=None, labels=None, owner=None)  # type: ignore[arg-type]
    Thing("1", id="1", name=None, tags=None, labels=None, owner=None)  # type: ignore[misc]
    return Thing(id="1", name="a", port=1, tags=("x",), labels={}, health=None, owner=Reference("2"))


def frozen(thing: Thing) -> None:
    thing.name = "x"  # type: ignore[misc]
    thing.other = "x"  # type: ignore[attr-defined]


def null_against_absent(given: Mapping[str, str | None]) -> str:
    value: Maybe[str | None] = given.get("name", ABSENT)
    value.upper()  # type: ignore[union-attr]
    if value is ABSENT:
        assert_type(value, Literal[Absent.ABSENT])
        return "left as it is"
    if value is None:
        return "cleared"
    assert_type(value, str)
    return value


def specifiers() -> None:
    fields.string(between=("a", "b"))  # type: ignore[arg-type]
    fields.string(requird=True)  # type: ignore[call-arg]
    fields.foreign("things", on_delete="explode")  # type: ignore[arg-type]
