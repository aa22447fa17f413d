from gwctl.schema import Entity, Record, Schema, fields, typedefs
from gwctl.schema.shorthand import Shorthand


class Place(Record):
    ip: str | None = fields.string(typedefs.IP)


class Thing(
    Entity,
    name="things",
    path="the-things",
    endpoint_key="name",
    unique=(("kind", "parent"),),
    shorthands=(Shorthand("url", fields.string(help="all at once"), lambda url: {}),),
    virtual={"extra": fields.integer()},
    exported=False,
):
    """A thing."""

    id: str = fields.string(typedefs.UUID, auto=True, required=True)
    name: str | None = fields.string(unique=True, len_max=9, help="how it is called")
    kind: str = fields.string(required=True, one_of=("a", "b"), default="a")
    nothing: str | None = fields.string(eq=None, message="must be off")
    size: int = fields.integer(required=True, between=(0, 9))
    places: tuple[Place, ...] | None = fields.set(fields.record(Place))
    parent: object = fields.foreign("things", on_delete="cascade")
    config: object = fields.json(json_object=True)


SCHEMA = Schema(Thing)


def test_the_description():
    described = SCHEMA.describe()
    assert described["entity_checks"] == []
    assert described["shorthand_fields"] == [{"url": {"type": "string", "description": "all at once"}}]
    assert described["fields"] == [
        {"id": {"type": "string", "required": True, "auto": True, "uuid": True}},
        {"name": {"type": "string", "unique": True, "len_max": 9, "description": "how it is called"}},
        {"kind": {"type": "string", "required": True, "one_of": ["a", "b"], "default": "a"}},
        {"nothing": {"type": "string", "eq": None, "err": "must be off"}},
        {"size": {"type": "integer", "required": True, "between": [0, 9]}},
        {
            "places": {
                "type": "set",
                "elements": {"type": "record", "fields": [{"ip": {"type": "string"}}], "entity_checks": []},
            }
        },
        {"parent": {"type": "foreign", "reference": "things", "on_delete": "cascade"}},
        {"config": {"type": "record"}},
    ]


def test_the_json_schema():
    made = SCHEMA.json_schema()
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert (made["title"], made["description"]) == ("Thing", "A thing.")
    assert made["required"] == ["size"]
    properties = made["properties"]
    assert properties["name"] == {
        "type": ["string", "null"],
        "minLength": 1,
        "maxLength": 9,
        "description": "how it is called",
    }
    assert properties["kind"] == {"type": "string", "enum": ["a", "b"], "default": "a"}
    assert properties["id"]["readOnly"] is True
    assert properties["url"]["writeOnly"] is True
    assert properties["places"]["items"]["properties"]["ip"]["type"] == ["string", "null"]
    assert "extra" in properties


def test_the_facts_that_other_floors_derive_from():
    assert (SCHEMA.name, SCHEMA.path, SCHEMA.primary_key, SCHEMA.endpoint_key) == ("things", "the-things", "id", "name")
    assert SCHEMA.unique == (("name",), ("kind", "parent"))
    assert SCHEMA.foreign["parent"].reference == "things"
    assert SCHEMA.foreign["parent"].on_delete == "cascade"
    assert (SCHEMA.exported, SCHEMA.admin, SCHEMA.top_level, SCHEMA.stored) == (False, True, True, True)
    assert list(SCHEMA.virtual) == ["extra"]
    assert SCHEMA.record_class is Thing
    assert SCHEMA.key_of({"id": "1"}) == "1"
    assert SCHEMA.canonical({"b": 1, "a": None}) == b'{"a":null,"b":1}'
    assert repr(SCHEMA) == "Schema(things)"
