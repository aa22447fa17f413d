"""The description of a schema as ``/schemas/{entity}`` shows it (admin-api.md 2.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gwctl.schema.absent import ABSENT
from gwctl.schema.checks import EntityCheck
from gwctl.schema.field import Field, Fields

if TYPE_CHECKING:
    from gwctl.schema.schema import Schema

_FLAGS = ("required", "unique", "auto", "immutable", "uuid", "timestamp", "referenceable", "encrypted", "is_regex")
_VALUES = ("between", "gt", "len_eq", "len_min", "len_max", "one_of", "not_one_of", "starts_with", "match")
_GIVEN = ("default", "eq", "ne", "contains")


def describe(schema: Schema) -> dict[str, Any]:
    """Fields in declaration order, each an object with one key; checks that are data."""
    described: dict[str, Any] = {
        "fields": describe_fields(schema.fields),
        "entity_checks": describe_checks(schema.checks),
    }
    if schema.shorthands:
        described["shorthand_fields"] = [
            {name: describe_field(shorthand.field)} for name, shorthand in schema.shorthands.items()
        ]
    return described


def describe_fields(fields: Fields) -> list[dict[str, Any]]:
    return [{name: describe_field(field)} for name, field in fields.items()]


def describe_checks(checks: tuple[EntityCheck, ...]) -> list[dict[str, Any]]:
    return [described for check in checks if (described := check.describe()) is not None]


def describe_field(field: Field) -> dict[str, Any]:
    """The attributes of one field; what is code is left out."""
    described: dict[str, Any] = {"type": "record" if field.json_object else field.kind}
    described.update((name, True) for name in _FLAGS if getattr(field, name))
    described.update((name, plain(value)) for name in _VALUES if (value := getattr(field, name)) not in (None, ()))
    described.update((name, plain(value)) for name in _GIVEN if (value := getattr(field, name)) is not ABSENT)
    if field.reference is not None:
        described["reference"] = field.reference
        described["on_delete"] = field.on_delete
    for name in ("elements", "keys", "values"):
        inner = getattr(field, name)
        if inner is not None:
            described[name] = describe_field(inner)
    if field.record is not None:
        described["fields"] = describe_fields(field.record.declared)
        described["entity_checks"] = describe_checks(field.record.checks)
    if field.exclusive_subsets:
        described["mutually_exclusive_subsets"] = plain(field.exclusive_subsets)
    if field.help:
        described["description"] = field.help
    if field.message is not None:
        described["err"] = field.message
    return described


def plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return value
