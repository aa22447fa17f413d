import pytest

from gwctl.schema import Entity, Schema, fields
from gwctl.schema.checks import (
    AtLeastOneOf,
    Conditional,
    ConditionalAtLeastOneOf,
    Custom,
    Distinct,
    MutuallyExclusive,
    MutuallyRequired,
    OnlyOneOf,
    is_set,
    value_of,
)
from gwctl.schema.errors import ENTITY


def schema(*checks):
    class Thing(Entity, name="things", checks=checks):
        a: str | None = fields.string()
        b: str | None = fields.string()
        kind: str | None = fields.string(one_of=("x", "y", "z"))
        items: tuple[str, ...] | None = fields.set(fields.string())

    return Schema(Thing)


def errors(check, *, updating=False, **values):
    compiled = schema(check)
    return compiled.validate(compiled.prepare_insert(values, now=1), updating=updating)


NAMES = ("a", "b")


@pytest.mark.parametrize(
    ("check", "values", "texts"),
    [
        (AtLeastOneOf(NAMES), {}, ["at least one of these fields must be non-empty: 'a', 'b'"]),
        (AtLeastOneOf(NAMES), {"b": "x"}, None),
        (AtLeastOneOf(("items", "a")), {"items": []}, ["at least one of these fields must be non-empty: 'items', 'a'"]),
        (OnlyOneOf(NAMES), {}, ["exactly one of these fields must be non-empty: 'a', 'b'"]),
        (OnlyOneOf(NAMES), {"a": "1", "b": "2"}, ["exactly one of these fields must be non-empty: 'a', 'b'"]),
        (OnlyOneOf(NAMES), {"a": "1"}, None),
        (MutuallyExclusive(NAMES), {"a": "1", "b": "2"}, ["only one or none of these fields must be set: 'a', 'b'"]),
        (MutuallyExclusive(NAMES), {"a": "1"}, None),
        (MutuallyRequired(NAMES), {"a": "1"}, ["all or none of these fields must be set: 'a', 'b'"]),
        (MutuallyRequired(NAMES), {"a": "1", "b": "2"}, None),
        (MutuallyRequired(NAMES), {}, None),
        (Distinct(NAMES), {"a": "1", "b": "1"}, ["values of these fields must be distinct: 'a', 'b'"]),
        (Distinct(NAMES), {"a": "1", "b": "2"}, None),
        (Distinct(NAMES), {}, None),
        (Custom(NAMES, lambda record: "no good"), {}, ["no good"]),
        (Custom(NAMES, lambda record: None), {}, None),
    ],
)
def test_texts(check, values, texts):
    assert errors(check, **values) == ({} if texts is None else {ENTITY: texts})


def test_at_least_one_of_says_when_it_is_an_update():
    found = errors(AtLeastOneOf(NAMES), updating=True)
    assert found == {ENTITY: ["when updating, at least one of these fields must be non-empty: 'a', 'b'"]}


def test_a_condition_reports_at_the_field_and_at_the_entity():
    check = Conditional("kind", {"one_of": ("x",)}, "a", {"required": True})
    text = "failed conditional validation given value of field 'kind'"
    assert errors(check, kind="x") == {"a": "required field missing", ENTITY: [text]}
    assert errors(check, kind="y") == {}
    assert errors(check) == {}
    assert errors(check, kind="x", a="1") == {}


def test_a_condition_keeps_the_rules_of_the_field_it_demands_something_of():
    check = Conditional("a", {"one_of": ("1",)}, "kind", {"one_of": ("y",)}, message="own text")
    assert errors(check, a="1", kind="x") == {"kind": "expected one of: y", ENTITY: ["own text"]}


def test_a_condition_on_an_invalid_value_does_not_hold():
    check = Conditional("kind", {"not_one_of": ("x",)}, "a", {"eq": None})
    assert errors(check, kind="wrong", a="1") == {"kind": "expected one of: x, y, z"}


def test_every_failing_condition_reports():
    demands = Conditional("kind", {"one_of": ("x",)}, "a", {"required": True})
    other = Conditional("kind", {"one_of": ("x",)}, "b", {"required": True})
    compiled = schema(demands, other)
    found = compiled.validate(compiled.prepare_insert({"kind": "x"}, now=1))
    assert found["@entity"] == ["failed conditional validation given value of field 'kind'"] * 2


CHOICE = ConditionalAtLeastOneOf(
    "items",
    {"contains": "x"},
    NAMES,
    "with x: %s",
    else_match={"contains": "y"},
    else_names=("kind",),
    else_message="with y: %s",
)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"items": ["x"]}, {ENTITY: ["with x: 'a', 'b'"]}),
        ({"items": ["x", "y"], "a": "1"}, {}),
        ({"items": ["y"]}, {ENTITY: ["with y: 'kind'"]}),
        ({"items": ["y"], "kind": "x"}, {}),
        ({"items": ["q"]}, {}),
        ({}, {}),
        ({"items": ["x", 1]}, {"items": [None, "expected a string"]}),
    ],
)
def test_conditional_at_least_one_of(values, found):
    assert errors(CHOICE, **values) == found


def test_custom_checks_wait_for_sound_fields_and_may_name_fields():
    def run(record):
        return {"b": "from the check", ENTITY: ["one", "two"]}

    assert errors(Custom(("a",), run)) == {"b": "from the check", ENTITY: ["one", "two"]}
    assert errors(Custom(("a",), run), a=1) == {"a": "expected a string"}


def test_checks_keep_their_order():
    compiled = schema(Distinct(NAMES), Custom(NAMES, lambda record: "second"), AtLeastOneOf(("kind",)))
    found = compiled.validate(compiled.prepare_insert({"a": "1", "b": "1"}, now=1))
    assert found[ENTITY] == [
        "values of these fields must be distinct: 'a', 'b'",
        "second",
        "at least one of these fields must be non-empty: 'kind'",
    ]


def test_descriptions():
    described = schema(CHOICE, Conditional("kind", {"one_of": ("x",)}, "a", {"eq": None}), OnlyOneOf(NAMES)).describe()
    assert described["entity_checks"] == [
        {
            "conditional_at_least_one_of": {
                "if_field": "items",
                "if_match": {"contains": "x"},
                "then_at_least_one_of": ["a", "b"],
                "then_err": "with x: %s",
                "else_match": {"contains": "y"},
                "else_then_at_least_one_of": ["kind"],
                "else_then_err": "with y: %s",
            }
        },
        {
            "conditional": {
                "if_field": "kind",
                "if_match": {"one_of": ["x"]},
                "then_field": "a",
                "then_match": {"eq": None},
            }
        },
        {"only_one_of": ["a", "b"]},
    ]


def test_names_may_reach_into_records():
    assert value_of({"a": {"b": 1}}, "a.b") == 1
    assert value_of({"a": None}, "a.b") is None
    assert is_set({"a": {"b": 0}}, "a.b")
    assert not is_set({"a": {"b": []}}, "a.b")
