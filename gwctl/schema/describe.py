"""The description of a schema as ``/schemas/{entity}`` shows it (admin-api.md 2.6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gwctl.schema.absent import ABSENT
from gwctl.schema.checks import EntityCheck
from gwctl.schema.deprecation import Deprecation
from gwctl.schema.field import Field, Fields
from gwctl.schema.shorthand import Shorthand

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
        described["shorthand_fields"] = describe_shorthands(schema.shorthands.values())
    return described


def describe_shorthands(shorthands: Iterable[Shorthand]) -> list[dict[str, Any]]:
    return [{shorthand.name: _describe_shorthand(shorthand)} for shorthand in shorthands]


def _describe_shorthand(shorthand: Shorthand) -> dict[str, Any]:
    described = describe_field(shorthand.field)
    if shorthand.deprecation is not None:
        described["deprecation"] = _describe_deprecation(shorthand.deprecation)
    if shorthand.translate_backwards is not None:
        described["translate_backwards"] = list(shorthand.translate_backwards)
    return described


def _describe_deprecation(deprecation: Deprecation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "message": deprecation.message,
        "removal_in_version": deprecation.removal_in_version,
    }
    if deprecation.replaced_with:
        described["replaced_with"] = [{"path": list(path)} for path in deprecation.replaced_with]
    if deprecation.old_default is not ABSENT:
        described["old_default"] = plain(deprecation.old_default)
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
    described.update((name, plain(value)) for name in _GIVEN if (value := getattr(field, name)) not in (ABSENT, {}))
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
        if field.record.shorthands:
            described["shorthand_fields"] = describe_shorthands(field.record.shorthands)
    if field.exclusive_subsets:
        described["mutually_exclusive_subsets"] = plain(field.exclusive_subsets)
    if field.deprecation is not None and not field.deprecation.only_values:
        described["deprecation"] = _describe_deprecation(field.deprecation)
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
