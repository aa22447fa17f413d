"""Transformations and ends of records: 01-schema#8."""

import pytest

from gwctl.schema import Entity, EntityError, Schema, fields
from gwctl.schema.expiry import has_ended
from gwctl.schema.transform import Transformation, TransformationFailed


def _upper(record):
    if record["word"] == "bad":
        raise ValueError("no such word")
    return {"word": record["word"].upper()}


class Thing(
    Entity,
    name="things",
    ttl=True,
    transformations=(
        Transformation(("word",), _upper, needs=("salt",)),
        Transformation((), lambda record: {"length": len(record["word"] or "")}, always=True),
    ),
):
    id: str = fields.string(uuid=True, auto=True)
    word: str | None = fields.string()
    salt: str | None = fields.string()
    length: int | None = fields.integer()
    ttl: int | None = fields.integer()


THINGS = Schema(Thing)


def insert(**values):
    return THINGS.prepare_insert(values, now=1000.5)


def test_a_transformation_runs_when_one_of_its_inputs_was_given():
    record = insert(word="a", salt="s")
    assert THINGS.transform(record)["word"] == "A"
    assert THINGS.transform(record, {"word"})["word"] == "A"
    assert THINGS.transform(record, {"salt"})["word"] == "a"
    assert THINGS.transform(insert())["word"] is None
    assert record["word"] == "a"


def test_values_that_are_transformed_already_stay():
    assert THINGS.transform(insert(word="a", salt="s"), raw=False) | {"id": ""} == insert(
        word="a", salt="s", length=1
    ) | {"id": ""}


def test_a_failing_transformation_says_why():
    with pytest.raises(TransformationFailed, match="transformation failed: no such word"):
        THINGS.transform(insert(word="bad", salt="s"))


def test_what_a_transformation_needs_must_be_there_too():
    text = "all or none of these fields must be set: 'word', 'salt'"
    assert THINGS.validate(insert(word="a")) == {"@entity": [text]}
    assert THINGS.validate(insert(word="a", salt=5)) == {"salt": "expected a string"}
    assert THINGS.validate(insert(word=5)) == {"word": "expected a string", "@entity": [text]}
    assert THINGS.validate(insert()) == {}


def test_a_ttl_is_kept_as_a_moment_and_shown_as_what_is_left():
    record = insert(ttl=10)
    assert record["ttl"] == 1010
    assert THINGS.shown(record, now=1003.0)["ttl"] == 7
    assert THINGS.shown(record, now=2000.0)["ttl"] == 0
    assert THINGS.shown(insert(), now=1.0)["ttl"] is None
    assert insert(ttl=0)["ttl"] is insert(ttl=None)["ttl"] is None
    assert insert(ttl=5.0)["ttl"] == 1005
    changed = THINGS.prepare_update({"ttl": 20}, now=2000.0, existing=record)
    assert changed["ttl"] == 2020
    assert THINGS.prepare_update({}, now=2000.0, existing=record)["ttl"] == 1010
    with pytest.raises(EntityError) as caught:
        insert(ttl=-1)
    assert caught.value.options == {"ttl": "must be an integer between 0 and 100000000"}


def test_the_moment_of_the_end_belongs_to_no_record_any_more():
    record = insert(ttl=10)
    assert [has_ended(record, now) for now in (1009.9, 1010, 1011)] == [False, True, True]
    assert not has_ended(insert(), 1e12)
    assert not has_ended({"id": "x"}, 1e12)
