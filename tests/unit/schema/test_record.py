from collections.abc import Mapping

import pytest

from gwctl.schema import Entity, Record, Reference, Schema, fields


class Probe(Record):
    path: str | None = fields.string(default="/")
    statuses: tuple[int, ...] | None = fields.array(fields.integer())


class Base(Entity):
    id: str = fields.string(uuid=True, auto=True)


class Thing(Base, name="things"):
    name: str | None = fields.string()
    probe: Probe | None = fields.record(Probe)
    probes: tuple[Probe, ...] | None = fields.set(fields.record(Probe))
    labels: Mapping[str, tuple[str, ...]] | None = fields.map(fields.string(), fields.array(fields.string()))
    owner: Reference | None = fields.foreign("things")


STORED = {
    "id": "1",
    "name": None,
    "probe": {"path": "/x", "statuses": [200]},
    "probes": [{"path": None, "statuses": None}],
    "labels": {"a": ["b"]},
    "owner": {"id": "2"},
}


def test_an_instance_carries_records_references_and_tuples():
    thing = Thing.load(STORED)
    assert thing.probe == Probe(path="/x", statuses=(200,))
    assert thing.probes == (Probe(path=None, statuses=None),)
    assert thing.labels == {"a": ("b",)}
    assert thing.owner == Reference("2")
    assert thing.name is None


def test_instances_are_frozen_all_the_way_and_slotted():
    thing = Thing.load(STORED)
    assert not hasattr(thing, "__dict__")
    for change in (lambda: setattr(thing, "name", "x"), lambda: delattr(thing, "name"), lambda: setattr(thing, "q", 1)):
        with pytest.raises(AttributeError, match="frozen"):
            change()
    with pytest.raises(TypeError):
        thing.labels["a"] = ()
    assert Thing.__slots__ == ("name", "probe", "probes", "labels", "owner")


def test_equality_and_hash_are_by_value():
    assert Thing.load(STORED) == Thing.load(dict(STORED))
    assert hash(Thing.load(STORED)) == hash(Thing.load(dict(STORED)))
    assert Thing.load(STORED) != Thing.load({**STORED, "name": "x"})
    assert Probe(statuses=None) != Reference("1")


def test_the_constructor_takes_fields_by_name_and_knows_defaults():
    assert Probe(statuses=None).path == "/"
    with pytest.raises(TypeError, match="misses the field 'statuses'"):
        Probe()
    with pytest.raises(TypeError, match="has no field 'other'"):
        Probe(statuses=None, other=1)


def test_the_repr_shows_every_field():
    assert repr(Probe(statuses=(1,))) == "Probe(path='/', statuses=(1,))"


def test_fields_are_inherited_in_order():
    assert tuple(Thing.declared) == ("id", "name", "probe", "probes", "labels", "owner")
    assert all(field.name == name for name, field in Thing.declared.items())


def test_a_base_without_a_name_is_no_entity():
    assert not hasattr(Base, "options")
    assert Schema(Thing).name == "things"


def test_a_misspelled_class_argument_is_refused():
    with pytest.raises(TypeError, match="endpointkey"):

        class Misspelled(Entity, name="x", endpointkey="name"):
            name: str | None = fields.string()
