"""Fields whose value is made for each record, and fields that Python cannot spell."""

from itertools import count

import pytest

from gwctl.schema import Entity, Record, Schema, fields

_NUMBERS = count(1)


class Inner(Record):
    secret: str = fields.string(required=True, generator=lambda: f"made {next(_NUMBERS)}")
    from_cache: bool = fields.boolean(name="X-From-Cache", required=True, default=True)


class Outer(Inner):
    other: str | None = fields.string(name="other-name")


class Thing(Entity, name="things"):
    id: str = fields.string(uuid=True, auto=True, required=True)
    inner: Outer = fields.record(Outer, required=True)


SCHEMA = Schema(Thing)


def made(values=None):
    return SCHEMA.check(SCHEMA.prepare_insert({"inner": values} if values is not None else {}, now=1))["inner"]


def test_each_record_gets_a_value_of_its_own():
    first, second, third = made(), made({"secret": None}), made({"secret": "given"})
    assert first["secret"].startswith("made ")
    assert second["secret"].startswith("made ")
    assert first["secret"] != second["secret"]
    assert third["secret"] == "given"


def test_changes_keep_what_was_made():
    record = SCHEMA.check(SCHEMA.prepare_insert({}, now=1))
    changed = SCHEMA.prepare_update({"inner": {"other-name": "x"}}, now=2, existing=record)
    assert changed["inner"] == {**record["inner"], "other-name": "x"}


def test_documents_and_attributes_have_names_of_their_own():
    assert list(made({"secret": "s"})) == ["secret", "X-From-Cache", "other-name"]
    loaded = Outer.load(made({"secret": "s", "X-From-Cache": False, "other-name": "o"}))
    assert (loaded.from_cache, loaded.other) == (False, "o")
    assert loaded == Outer(secret="s", from_cache=False, other="o")
    assert hash(loaded) == hash(Outer(secret="s", from_cache=False, other="o"))
    assert loaded != Outer(secret="s", from_cache=True, other="o")
    assert repr(loaded) == "Outer(secret='s', from_cache=False, other='o')"


def test_the_attribute_is_unknown_in_documents():
    schema_errors = SCHEMA.validate(SCHEMA.prepare_insert({"inner": {"from_cache": True}}, now=1))
    assert schema_errors == {"inner": {"from_cache": "unknown field"}}


def test_such_fields_are_described_and_decoded_by_their_name():
    (inner,) = [field["inner"] for field in SCHEMA.describe()["fields"] if "inner" in field]
    assert [name for field in inner["fields"] for name in field] == ["secret", "X-From-Cache", "other-name"]
    assert SCHEMA.decode_form([("inner.X-From-Cache", "false")]) == {"inner": {"X-From-Cache": False}}
    assert "X-From-Cache" in SCHEMA.json_schema()["properties"]["inner"]["properties"]


def test_records_with_such_fields_are_frozen():
    loaded = Outer.load(made())
    with pytest.raises(AttributeError, match="frozen"):
        loaded.from_cache = False
