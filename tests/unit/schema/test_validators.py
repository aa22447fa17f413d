import pytest

from gwctl.schema import Field, Record, fields
from gwctl.schema.validators import compile_validator, no_peers


class Inner(Record):
    port: int = fields.integer(required=True)
    name: str | None = fields.string()


TEXT = fields.string()


def error(field, value):
    return compile_validator(field, no_peers)(value)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (fields.string(), 1, "expected a string"),
        (fields.string(), "", "length must be at least 1"),
        (fields.string(len_min=0), "", None),
        (fields.string(), None, None),
        (fields.string(required=True), None, "required field missing"),
        (fields.number(), "1", "expected a number"),
        (fields.number(), True, "expected a number"),
        (fields.number(), float("inf"), "expected a number"),
        (fields.number(), 1.5, None),
        (fields.integer(), 1.5, "expected an integer"),
        (fields.integer(), 5.0, None),
        (fields.integer(), False, "expected an integer"),
        (fields.integer(), 9007199254740992, None),
        (fields.integer(), 10**30, "expected an integer"),
        (fields.integer(), 1e300, "expected an integer"),
        (fields.boolean(), "true", "expected a boolean"),
        (fields.boolean(), 1, "expected a boolean"),
        (fields.array(TEXT), "x", "expected an array"),
        (fields.array(TEXT), {}, "expected an array"),
        (fields.array(TEXT), [], None),
        (fields.array(TEXT), ["a", 1, "b"], [None, "expected a string"]),
        (fields.array(TEXT), [None], ["required field missing"]),
        (fields.set(TEXT), "x", "expected a set"),
        (fields.map(TEXT, TEXT), ["x"], "expected a map"),
        (fields.map(TEXT, TEXT), {"a": 1}, "expected a string"),
        (fields.map(TEXT, fields.array(TEXT)), {"a": [""]}, ["length must be at least 1"]),
        (fields.map(TEXT, TEXT), {"": "x"}, "length must be at least 1"),
        (fields.record(Inner), "x", "expected a record"),
        (fields.record(Inner), {"port": "x"}, {"port": "expected an integer"}),
        (fields.record(Inner), {}, {"port": "required field missing"}),
        (fields.record(Inner), {"port": 1, "x": 2}, {"x": "unknown field"}),
        (fields.record(Inner), {"port": 1}, None),
        (fields.json(), [1, {"a": None}], None),
        (fields.json(json_object=True), [1], "expected a record"),
        (fields.foreign("x"), "x", {"id": "missing primary key"}),
        (fields.foreign("x"), {"id": None}, {"id": "required field missing"}),
        (fields.foreign("x"), {}, {"id": "missing primary key"}),
        (fields.foreign("x", required=True), None, "required field missing"),
    ],
)
def test_types(field, value, expected):
    assert error(field, value) == expected


RULES = [
    (fields.string(eq="a"), "b", "value must be a"),
    (fields.string(eq="a"), None, "value must be a"),
    (fields.string(eq=None), "b", "value must be null"),
    (fields.string(eq=None, message="no"), "b", "no"),
    (fields.boolean(ne=True), True, "value must not be true"),
    (fields.boolean(ne=True, message="no"), True, "no"),
    (fields.string(ne=None), None, "value must not be null"),
    (fields.number(gt=0), 0, "value must be greater than 0"),
    (fields.number(gt=1.5), 1, "value must be greater than 1.5"),
    (fields.integer(between=(0, 65535)), -1, "value should be between 0 and 65535"),
    (fields.integer(between=(0, 65535)), 65536, "value should be between 0 and 65535"),
    (fields.string(len_eq=32), "x", "length must be 32"),
    (fields.string(len_min=2), "x", "length must be at least 2"),
    (fields.string(len_max=1), "xy", "length must be at most 1"),
    (fields.set(TEXT, len_min=1), [], "length must be at least 1"),
    (fields.string(match=r"\A[A-Z]+\Z"), "get", "invalid value: get"),
    (fields.string(match_any=("^a", "b$")), "c", "invalid value: c"),
    (fields.string(match_all=(("a", "wants an a"), ("b", "wants a b"))), "a", "wants a b"),
    (fields.string(match_none=(("//", "must not have empty segments"),)), "a//", "must not have empty segments"),
    (fields.string(starts_with="/"), "x", "should start with: /"),
    (fields.set(TEXT, contains="https"), ["http"], "expected to contain: https"),
    (fields.string(one_of=("a", "b", "c")), "d", "expected one of: a, b, c"),
    (fields.integer(one_of=(426, 301)), 404, "expected one of: 426, 301"),
    (fields.string(not_one_of=("a", "b")), "a", "must not be one of: a, b"),
    (fields.string(is_regex=True), "(", "not a valid regex: ("),
    (fields.integer(timestamp=True), 0, "expected a valid timestamp"),
    (fields.string(uuid=True), "x", "expected a valid UUID"),
    (fields.string(uuid=True), "", "expected a valid UUID"),
    (
        fields.set(TEXT, exclusive_subsets=(("http", "https"), ("tcp", "tls"), ("grpc",))),
        ["http", "tcp"],
        "these sets are mutually exclusive: ('http', 'https'), ('tcp', 'tls')",
    ),
    (fields.string(check=lambda value: f"not {value}"), "x", "not x"),
]


@pytest.mark.parametrize(("field", "value", "expected"), RULES)
def test_rules(field, value, expected):
    assert error(field, value) == expected


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (fields.string(one_of=("a",), len_min=3, starts_with="x"), "b", "expected one of: a"),
        (fields.string(len_min=3, starts_with="x", check=lambda _: "last"), "b", "length must be at least 3"),
        (fields.string(starts_with="x", match="q", check=lambda _: "last"), "b", "should start with: x"),
        (fields.string(match="q", check=lambda _: "last"), "b", "invalid value: b"),
        (fields.string(check=lambda _: "last"), "", "length must be at least 1"),
        (fields.integer(one_of=(1,), gt=5, between=(3, 4)), 2, "expected one of: 1"),
        (fields.integer(gt=5, between=(3, 4)), 2, "value must be greater than 5"),
    ],
)
def test_the_first_rule_in_the_order_of_the_reference_wins(field, value, expected):
    assert error(field, value) == expected


def test_an_own_text_replaces_rules_but_not_types():
    field = fields.integer(between=(1, 2), message="one or two")
    assert error(field, 3) == "one or two"
    assert error(field, "x") == "expected an integer"


def test_references_to_a_vault_skip_the_rules():
    field = fields.string(referenceable=True, check=lambda _: "refused")
    assert error(field, "{vault://env/cert}") is None
    assert error(field, "{vault://env/cert") == "refused"
    listed = fields.array(field)
    assert error(listed, ["{vault://env/a}", "x"]) == [None, "refused"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ok ø", None),
        ("a\0b", "must not contain the character U+0000"),
        ("ab\udcff", "invalid utf-8 character sequence detected at position 3"),
        ("ø\udcff", "invalid utf-8 character sequence detected at position 3"),
    ],
)
def test_texts_that_no_store_can_hold(value, expected):
    assert error(fields.string(), value) == expected
    assert error(fields.json(), {"a": [value]}) == expected
    assert error(fields.json(), {value: 1}) == expected


def test_free_json_is_bounded():
    deep: object = 1
    for _ in range(64):
        deep = [deep]
    assert error(fields.json(), deep) is None
    assert error(fields.json(), [deep]) == "must not be nested deeper than 64 levels"
    for _ in range(100_000):
        deep = [deep]
    assert error(fields.json(), deep) == "must not be nested deeper than 64 levels"
    assert error(fields.json(), 2**64) == "must not contain integers of more than 64 bits"


def test_a_field_without_its_parts_is_a_mistake_of_the_declaration():
    with pytest.raises(TypeError, match="record class"):
        compile_validator(Field(kind="record", name="x"), no_peers)
    with pytest.raises(TypeError, match="no entity"):
        compile_validator(Field(kind="foreign", name="x"), no_peers)
