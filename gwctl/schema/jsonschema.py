"""JSON Schema (2020-12) of an entity, for editors and the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gwctl.schema.absent import ABSENT
from gwctl.schema.describe import plain
from gwctl.schema.field import Field, Fields

if TYPE_CHECKING:
    from gwctl.schema.schema import Schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_UUID = {"type": "string", "format": "uuid"}


def json_schema(schema: Schema) -> dict[str, Any]:
    """A record as clients send and receive it, shorthands and virtual fields included.

    It accepts every record that `Schema.validate` accepts; rules that are code are not expressed.
    """
    properties = {name: field_schema(field) for name, field in schema.fields.items()}
    properties.update((name, field_schema(field)) for name, field in schema.virtual.items())
    for name, shorthand in schema.shorthands.items():
        properties.setdefault(name, field_schema(shorthand.field) | {"writeOnly": True})
    needed = _needed(schema.fields)
    given = {name: shorthand.gives for name, shorthand in schema.shorthands.items() if shorthand.gives}
    replaceable = {name for names in given.values() for name in names}
    described = {
        "$schema": DIALECT,
        "title": schema.record_class.__name__,
        "description": (schema.record_class.__doc__ or "").strip(),
        "type": "object",
        "properties": properties,
        "required": [name for name in needed if name not in replaceable],
        "additionalProperties": False,
    }
    if given:
        described["anyOf"] = [{"required": sorted(replaceable)}, *({"required": [name]} for name in given)]
    return described


def field_schema(field: Field) -> dict[str, Any]:
    """The schema of one value; a field that is not required may be null."""
    described = _KINDS[field.kind](field)
    if not field.required:
        described["type"] = _with_null(described.get("type"))
        if "enum" in described:
            described["enum"] = [*described["enum"], None]
    if described.get("type") is None:
        described.pop("type", None)
    if field.default is not ABSENT and field.kind != "record":
        described["default"] = plain(field.default)
    if field.help:
        described["description"] = field.help
    if field.auto:
        described["readOnly"] = True
    if field.deprecation is not None and not field.deprecation.only_values:
        described["deprecated"] = True
    return described


def _with_null(kind: Any) -> Any:
    return None if kind is None else [kind, "null"]


def _needed(fields: Fields) -> list[str]:
    """What a client must give: required, without a default, and not generated; a record is expanded to its defaults."""
    return [
        name for name, f in fields.items() if f.required and f.default is ABSENT and not f.auto and f.kind != "record"
    ]


def _string(field: Field) -> dict[str, Any]:
    if field.uuid:
        return dict(_UUID)
    described: dict[str, Any] = {"type": "string"}
    least = field.len_min if field.len_min is not None else 1
    if least and not field.one_of:
        described["minLength"] = least
    if field.len_max is not None:
        described["maxLength"] = field.len_max
    if field.len_eq is not None:
        described |= {"minLength": field.len_eq, "maxLength": field.len_eq}
    return described | _enumerated(field)


def _numeric(field: Field) -> dict[str, Any]:
    described: dict[str, Any] = {"type": field.kind}
    if field.between is not None:
        described["minimum"], described["maximum"] = field.between
    if field.gt is not None:
        described["exclusiveMinimum"] = field.gt
    elif field.timestamp:
        described["exclusiveMinimum"] = 0
    return described | _enumerated(field)


def _enumerated(field: Field) -> dict[str, Any]:
    return {"enum": list(field.one_of)} if field.one_of else {}


def _boolean(field: Field) -> dict[str, Any]:
    return {"type": "boolean"}


def _list(field: Field) -> dict[str, Any]:
    described: dict[str, Any] = {"type": "array", "items": _part(field.elements)}
    if field.len_min is not None:
        described["minItems"] = field.len_min
    return described


def _map(field: Field) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": _part(field.values)}


def _record(field: Field) -> dict[str, Any]:
    fields: Fields = {} if field.record is None else field.record.declared
    shorthands = () if field.record is None else field.record.shorthands
    properties = {shorthand.name: field_schema(shorthand.field) | {"deprecated": True} for shorthand in shorthands}
    return {
        "type": "object",
        "properties": properties | {name: field_schema(inner) for name, inner in fields.items()},
        "required": _needed(fields),
        "additionalProperties": False,
    }


def _json(field: Field) -> dict[str, Any]:
    return {"type": "object"} if field.json_object else {}


def _foreign(field: Field) -> dict[str, Any]:
    return {"type": "object", "properties": {"id": dict(_UUID)}, "title": f"a reference to {field.reference}"}


def _part(field: Field | None) -> dict[str, Any]:
    """Elements and values may never be null."""
    if field is None:
        return {}
    described = field_schema(field)
    kind = described.get("type")
    if isinstance(kind, list):
        described["type"] = kind[0]
    if "enum" in described:
        described["enum"] = [word for word in described["enum"] if word is not None]
    return described


_KINDS: Mapping[str, Callable[[Field], dict[str, Any]]] = {
    "string": _string,
    "integer": _numeric,
    "number": _numeric,
    "boolean": _boolean,
    "array": _list,
    "set": _list,
    "map": _map,
    "record": _record,
    "json": _json,
    "foreign": _foreign,
}
