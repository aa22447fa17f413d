"""Showing: the form of a record in answers, where old spellings stand next to the fields they became (0.9, 1.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from gwctl.schema.field import Field, Fields
from gwctl.schema.inside import value_at
from gwctl.schema.shorthand import Shorthand

Show: TypeAlias = Callable[[Any], Any]
"""Stored value → the value as answers show it; the stored one is never changed."""


def compile_show(fields: Fields, shorthands: Iterable[Shorthand]) -> Show | None:
    """None when answers show exactly what is stored."""
    copies = tuple((each.name, each.translate_backwards) for each in shorthands if each.translate_backwards is not None)
    below = tuple((name, inner) for name, field in fields.items() if (inner := _show(field)) is not None)
    if not copies and not below:
        return None

    def show(record: Any) -> Any:
        if not isinstance(record, Mapping):
            return record
        shown = dict(record)
        for name, inner in below:
            if shown.get(name) is not None:
                shown[name] = inner(shown[name])
        for name, path in copies:
            shown[name] = value_at(record, path)
        return shown

    return show


def _show(field: Field) -> Show | None:
    if field.kind == "record" and field.record is not None:
        return compile_show(field.record.declared, field.record.shorthands)
    if field.kind in ("array", "set") and field.elements is not None:
        inner = _show(field.elements)
        return None if inner is None else _each_element(inner)
    if field.kind == "map" and field.values is not None:
        inner = _show(field.values)
        return None if inner is None else _each_value(inner)
    return None


def _each_element(inner: Show) -> Show:
    return lambda value: [inner(item) for item in value]


def _each_value(inner: Show) -> Show:
    return lambda value: {key: inner(item) for key, item in value.items()}
