"""What differs between two records, field by field, as people want to read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from gwctl.schema import Field, Schema

SENSITIVE = "(sensitive value)"
"""What is shown in the place of a secret."""

_TIMES = frozenset({"created_at", "updated_at"})
_SECRET_NAMES = frozenset({"client_secret", "key_alt", "password", "secret"})

Differences = dict[str, tuple[Any, Any]]
"""Dotted path of a field → (old, new)."""


def differences(schema: Schema, before: Mapping[str, Any], after: Mapping[str, Any]) -> Differences:
    """The fields of two records in stored form that differ; times and the key do not count.

    Sets are compared without order. Records within a record are told field by field.
    """
    fields = fields_of(schema, after)
    found: Differences = {}
    for name, field in fields.items():
        if name in _TIMES or name == schema.primary_key or (schema.ttl and name == "ttl"):
            continue
        found.update(_differences(field, name, before.get(name), after.get(name)))
    return found


def shown(schema: Schema, record: Mapping[str, Any], found: Differences) -> dict[str, list[Any]]:
    """``found`` for output, with secrets masked."""
    fields = fields_of(schema, record)
    return {path: [masked(fields, path, value) for value in pair] for path, pair in found.items()}


def masked(fields: Mapping[str, Field], path: str, value: Any) -> Any:
    """``value`` of the field at ``path``, or what stands for it when it is a secret."""
    field: Field | None = None
    level: Mapping[str, Field] = fields
    for name in path.split("."):
        field = level.get(name)
        if name in _SECRET_NAMES or (field is not None and field.encrypted):
            return None if value is None else SENSITIVE
        level = field.record.declared if field is not None and field.record is not None else {}
    return _masked_within(field, value)


def is_secret(field: Field) -> bool:
    """Whether the value of ``field`` is never shown."""
    return field.encrypted or field.name in _SECRET_NAMES


def fields_of(schema: Schema, record: Mapping[str, Any]) -> Mapping[str, Field]:
    """The fields of ``record``, those of its variant among them (admin-api.md 0.5)."""
    if schema.variants is None:
        return schema.fields
    variant = schema.variants.choose(record.get(schema.variants.key))
    return schema.fields if variant is None else {**schema.fields, **variant.fields}


def _differences(field: Field | None, path: str, old: Any, new: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
    if isinstance(old, dict) and isinstance(new, dict) and (field is None or field.kind in ("record", "json")):
        below = field.record.declared if field is not None and field.record is not None else {}
        for name in {**old, **new}:
            yield from _differences(below.get(name), f"{path}.{name}", old.get(name), new.get(name))
    elif not _same(field, old, new):
        yield path, (old, new)


def _same(field: Field | None, old: Any, new: Any) -> bool:
    if isinstance(old, list) and isinstance(new, list) and field is not None and field.kind == "set":
        return sorted(map(_canonical, old)) == sorted(map(_canonical, new))
    if isinstance(old, float) or isinstance(new, float):
        return type(old) is not bool and type(new) is not bool and bool(old == new)
    return _canonical(old) == _canonical(new)


def _canonical(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _masked_within(field: Field | None, value: Any) -> Any:
    """A value that is shown, but for the secrets inside it."""
    if isinstance(value, dict):
        below = field.record.declared if field is not None and field.record is not None else {}
        return {
            name: (None if item is None else SENSITIVE)
            if name in _SECRET_NAMES or (name in below and below[name].encrypted)
            else _masked_within(below.get(name), item)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_masked_within(field.elements if field is not None else None, item) for item in value]
    return value
