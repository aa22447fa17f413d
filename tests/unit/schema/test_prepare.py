import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.kit.ids import is_uuid
from gwctl.schema import Entity, EntityError, Record, Reference, Schema, fields, typedefs
from gwctl.schema.shorthand import Shorthand


class Probe(Record):
    interval: float | None = fields.number(default=0)
    statuses: tuple[int, ...] | None = fields.array(fields.integer(), default=(200, 302))
    sni: str | None = fields.string()


class Checks(Record):
    active: Probe | None = fields.record(Probe, default={"interval": 3})
    passive: Probe | None = fields.record(Probe)


def halved(text):
    if not text.isascii():
        raise ValueError("not ascii")
    return text.lower()


class Thing(
    Entity,
    name="things",
    shorthands=(Shorthand("address", fields.string(), lambda text: {"host": text, "port": None}),),
):
    id: str = fields.string(typedefs.UUID, auto=True, required=True)
    created_at: int | None = fields.integer(auto=True)
    updated_at: int | None = fields.integer(auto=True)
    secret: str | None = fields.string(auto=True)
    host: str = fields.string(required=True, canonical=halved)
    port: int | None = fields.integer(default=80)
    protocol: str = fields.string(required=True, default="http")
    kind: str | None = fields.string(immutable=True)
    checks: Checks | None = fields.record(Checks, default={})
    tags: tuple[str, ...] | None = fields.set(fields.string())
    labels: dict[str, int] | None = fields.map(fields.string(), fields.integer())
    probes: tuple[Probe, ...] | None = fields.array(fields.record(Probe))
    config: dict[str, object] = fields.json(json_object=True, required=True, default={})
    parent: Reference | None = fields.foreign("things")


SCHEMA = Schema(Thing)
OLD = SCHEMA.prepare_insert(
    {"host": "old", "config": {"a": {"b": 1, "c": 2}, "l": [1]}, "tags": ["x"], "kind": "k"}, now=100.9
)
ID = "E8C8921F-0000-4000-8000-00000000000A"


def insert(**values):
    return SCHEMA.prepare_insert(values, now=1700000000.9876)


def update(**values):
    return SCHEMA.prepare_update(values, now=200.5, existing=OLD)


def test_every_declared_field_is_present_in_order_and_unknown_ones_follow():
    record = insert(host="a", other=1)
    assert tuple(record) == (*Thing.declared, "other")
    assert SCHEMA.validate(record) == {"other": "unknown field"}


def test_auto_fields_of_an_insert():
    record = insert(host="a")
    assert is_uuid(record["id"])
    assert record["created_at"] == record["updated_at"] == 1700000000
    assert len(record["secret"]) == 32
    given_by_client = insert(host="a", id=ID, created_at=5, updated_at=5, secret="s")
    assert (given_by_client["id"], given_by_client["created_at"], given_by_client["secret"]) == (ID.lower(), 5, "s")
    assert given_by_client["updated_at"] == 1700000000


def test_defaults_are_expanded_and_never_shared():
    record, other = insert(host="a"), insert(host="a")
    assert record["checks"] == {
        "active": {"interval": 3, "statuses": [200, 302], "sni": None},
        "passive": None,
    }
    record["checks"]["active"]["statuses"].append(1)
    record["config"]["x"] = 1
    assert other["checks"]["active"]["statuses"] == [200, 302]
    assert other["config"] == {}


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("port", None, 80),
        ("port", 8.0, 8),
        ("protocol", None, None),
        ("checks", None, insert(host="a")["checks"]),
        (
            "checks",
            {"passive": {}},
            {**insert(host="a")["checks"], "passive": {"interval": 0, "statuses": [200, 302], "sni": None}},
        ),
        ("tags", ["b", "a", "b"], ["b", "a"]),
        ("tags", [1, True, 1.0, 1], [1, True, 1.0]),
        ("tags", "no list", "no list"),
        ("labels", {"a": 1.0}, {"a": 1}),
        ("probes", [{"sni": "x"}, "no"], [{"interval": 0, "statuses": [200, 302], "sni": "x"}, "no"]),
        ("parent", {"id": ID, "name": "x"}, {"id": ID.lower()}),
        ("parent", {"name": "x"}, {"name": "x"}),
        ("parent", "text", "text"),
        ("host", "UPPER", "upper"),
    ],
)
def test_stored_form_of_given_values(field, value, stored):
    record = insert(**{"host": "a", field: value})
    assert record[field] == stored
    assert type(record[field]) is type(stored)


def test_null_for_a_required_field_with_a_default_is_a_violation():
    assert SCHEMA.validate(insert(host="a", protocol=None)) == {"protocol": "required field missing"}


def test_shorthands_win_over_fields_and_their_errors_stand_alone():
    assert insert(host="a", port=1, address="b")["host"] == "b"
    assert insert(host="a", port=1, address="b")["port"] == 80
    for bad, text in ((5, "expected a string"), ("", "length must be at least 1")):
        with pytest.raises(EntityError) as caught:
            insert(port="wrong too", address=bad)
        assert caught.value.fields == {"address": text}


def test_canonical_forms():
    with pytest.raises(EntityError) as caught:
        insert(host="ø")
    assert caught.value.fields == {"host": "not ascii"}
    assert SCHEMA.prepare_insert({"host": "Ø"}, now=1, canonical=False)["host"] == "Ø"
    assert SCHEMA.canonical_value("host", "ABC") == "abc"
    assert SCHEMA.canonical_value("host", "Ø") == "Ø"
    assert SCHEMA.canonical_value("id", ID) == ID.lower()


def test_a_replacement_keeps_only_the_key():
    record = SCHEMA.prepare_replace({"host": "new", "id": ID}, now=300, existing=OLD)
    assert (record["id"], record["created_at"], record["tags"], record["config"]) == (OLD["id"], 300, None, {})
    created = SCHEMA.prepare_replace({"host": "new", "id": ID}, now=300, existing=None)
    assert created["id"] == ID.lower()


def test_an_update_touches_only_what_is_given():
    record = update(port=81)
    assert record == {**OLD, "port": 81, "updated_at": 200}


def test_an_update_merges_records_and_replaces_the_rest():
    record = update(checks={"active": {"sni": "s"}}, config={"a": {"b": 9}, "l": [2]}, tags=["y"], labels={"q": 1})
    assert record["checks"]["active"] == {"interval": 3, "statuses": [200, 302], "sni": "s"}
    assert record["config"] == {"a": {"b": 9, "c": 2}, "l": [2]}
    assert (record["tags"], record["labels"]) == (["y"], {"q": 1})
    assert OLD["config"] == {"a": {"b": 1, "c": 2}, "l": [1]}


def test_an_update_fills_a_record_that_was_null():
    assert update(checks={"passive": {"sni": "s"}})["checks"]["passive"] == {
        "interval": 0,
        "statuses": [200, 302],
        "sni": "s",
    }


def test_null_in_an_update_clears_or_falls_back_to_the_default():
    record = update(tags=None, port=None, checks={"active": None})
    assert (record["tags"], record["port"]) == (None, 80)
    assert record["checks"]["active"] == {"interval": 3, "statuses": [200, 302], "sni": None}
    assert SCHEMA.validate(update(host=None), updating=True) == {"host": "required field missing"}


def test_an_update_ignores_the_key_and_sets_the_time():
    record = update(id=ID, updated_at=1)
    assert (record["id"], record["updated_at"], record["secret"]) == (OLD["id"], 200, OLD["secret"])


def test_immutable_fields_may_be_repeated_but_not_changed():
    assert update(kind="k")["kind"] == "k"
    with pytest.raises(EntityError) as caught:
        update(kind="other")
    assert caught.value.fields == {"kind": "immutable field cannot be updated"}


def test_check_answers_the_stored_form_or_raises_everything():
    record = insert(host="a")
    assert SCHEMA.check({**record, "tags": ["a", "a"]})["tags"] == ["a"]
    with pytest.raises(EntityError) as caught:
        SCHEMA.check({**record, "port": "x", "host": None})
    assert caught.value.fields == {"port": "expected an integer", "host": "required field missing"}


def test_validation_of_given_fields_alone():
    assert SCHEMA.validate_given({"port": "x", "other": 1}) == {"port": "expected an integer", "other": "unknown field"}
    assert SCHEMA.validate_given({"tags": []}) == {}
    assert SCHEMA.validate_field("id", "x") == "expected a valid UUID"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
bodies = st.dictionaries(st.sampled_from([*Thing.declared, "address", "other"]), json_values)


@given(bodies, bodies)
def test_any_body_is_stored_or_refused(first, second):
    """Whatever a client sends: an EntityError, violations, or a record that survives storing and loading."""
    try:
        record = SCHEMA.prepare_insert(first, now=1)
        again = SCHEMA.prepare_update(second, now=2, existing=record)
    except EntityError:
        return
    for candidate in (record, again):
        if SCHEMA.validate(candidate):
            continue
        assert SCHEMA.check(candidate) == candidate
        assert SCHEMA.canonical(candidate)
        assert SCHEMA.load(candidate).id == candidate["id"]
