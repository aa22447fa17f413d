"""The JSON Schema (2020-12) of a declarative file, from the same declarations that validate it (ecosystem.md A3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwctl.declarative.items import UNDECLARABLE, Nesting
from gwctl.declarative.upgrade import CURRENT, FORMATS
from gwctl.entities.catalog import Catalog
from gwctl.schema import Field, Schema
from gwctl.schema.jsonschema import DIALECT, field_schema
from gwctl.schema.variants import Variant

TITLE = "Declarative configuration of a Kong-compatible gateway"

_NOTES: Mapping[str, Any] = {
    "_comment": {"type": ["string", "null"], "description": "a note; ignored"},
    "_ignore": {"type": ["array", "null"], "description": "anything, such as YAML anchors; ignored"},
}
_TEXT_OBJECTS = {"type": ["object", "null"], "additionalProperties": {"type": ["object", "null"]}}
_DECK: Mapping[str, Any] = {
    "_info": {
        "type": ["object", "null"],
        "properties": {
            "select_tags": {
                "type": ["array", "null"],
                "items": {"type": "string"},
                "description": "the file is about the records with all of these tags; new ones get them",
            },
            "defaults": {
                **_TEXT_OBJECTS,
                "description": "values for every service, route, …, that has none of its own",
            },
            "default_lookup_tags": {"type": ["object", "null"]},
        },
        "additionalProperties": False,
    },
    "_konnect": {"type": ["object", "null"]},
    "_workspace": {"enum": ["default", None]},
    "_plugin_configs": {**_TEXT_OBJECTS, "description": "configurations that plugins name by _config"},
}


def document_schema(catalog: Catalog, *, deck: bool = False) -> dict[str, Any]:
    """The schema of a whole file. Every file that loads fits it; rules that are code are not expressed.

    ``deck`` adds decK's own keys, which ``config sync`` understands and ``config parse`` refuses.
    """
    nesting = Nesting(catalog)
    schemas = [schema for schema in catalog if schema.name not in UNDECLARABLE]
    definitions: dict[str, Any] = {}
    for schema in schemas:
        definitions[schema.name] = _entity(schema, nesting, definitions, deck=deck)
    return {
        "$schema": DIALECT,
        "title": TITLE,
        "type": "object",
        "properties": {
            "_format_version": {"enum": list(FORMATS), "default": CURRENT, "description": "always quoted"},
            "_transform": {
                "type": ["boolean", "null"],
                "default": True,
                "description": "false: passwords are hashed already",
            },
            **_NOTES,
            **(_DECK if deck else {}),
            **{schema.name: _list_of(schema.name) for schema in schemas},
        },
        "required": ["_format_version"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _list_of(name: str) -> dict[str, Any]:
    return {"type": ["array", "null"], "items": {"$ref": f"#/$defs/{name}"}}


def _entity(schema: Schema, nesting: Nesting, definitions: dict[str, Any], *, deck: bool) -> dict[str, Any]:
    described = {key: value for key, value in schema.json_schema().items() if key != "$schema"}
    properties = dict(described["properties"])
    for name, field in schema.foreign.items():
        properties[name] = _reference(field)
    properties.update((child, _list_of(child)) for child in nesting[schema.name])
    properties.update(_NOTES)
    if deck and schema.name == "plugins":
        properties["_config"] = {"type": "string", "description": "the name of an entry of _plugin_configs"}
    for name in (*schema.fields, *schema.virtual):
        properties.get(name, {}).pop("readOnly", None)
    described["properties"] = properties
    described["required"] = [name for name in described["required"] if name not in schema.foreign]
    variants = schema.variants
    if variants is not None and schema.fields[variants.key].kind == "string":
        properties[variants.key] = {**properties[variants.key], "enum": sorted(variants.by)}
        described["allOf"] = [
            _choice(schema, variants.key, value, variant, definitions) for value, variant in sorted(variants.by.items())
        ]
    return described


def _reference(field: Field) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": f"the id or the name of one of {field.reference}",
        "anyOf": [{"type": "string"}, {"type": "object"}, {"type": "null"}],
    }
    return described


def _choice(schema: Schema, key: str, value: str, variant: Variant, definitions: dict[str, Any]) -> dict[str, Any]:
    """What holds of a record whose ``key`` is ``value``; its configuration is a definition of its own."""
    fields: dict[str, Any] = {}
    for name, field in variant.fields.items():
        if field.eq is None:
            fields[name] = {"type": "null"}
        elif field.kind == "record":
            definitions[f"{schema.name}.{value}.{name}"] = _optional(field)
            fields[name] = {"$ref": f"#/$defs/{schema.name}.{value}.{name}"}
        elif name not in schema.foreign:
            fields[name] = _optional(field)
    return {"if": {"properties": {key: {"const": value}}, "required": [key]}, "then": {"properties": fields}}


def _optional(field: Field) -> dict[str, Any]:
    described = field_schema(field)
    kind = described.get("type")
    if isinstance(kind, str):
        described["type"] = [kind, "null"]
    return described
