"""Filling, compiled: what `gwctl.schema.prepare.complete` does, as one closure per record class.

Documents of a hundred thousand records are filled with it, so each question that the declaration answers is asked once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from gwctl.schema.absent import ABSENT
from gwctl.schema.field import Field, Fields
from gwctl.schema.prepare import default_of, falls_back, tidy

Fill: TypeAlias = Callable[[Mapping[str, Any]], dict[str, Any]]

_Shape: TypeAlias = Callable[[Any], Any]

_UNSHAPED = frozenset({"boolean", "json", "number"})
_SCALARS = (bool, float, int, str)


def compile_complete(fields: Fields) -> Fill:
    """Given values → every field, given or by default; unknown names are kept behind them."""
    plan = tuple((name, *_default(field), falls_back(field), _shape(field)) for name, field in fields.items())
    known = frozenset(fields)

    def complete(given: Mapping[str, Any]) -> dict[str, Any]:
        record: dict[str, Any] = {}
        get = given.get
        for name, constant, make, null_is_absent, shape in plan:
            value = get(name, ABSENT)
            if value is ABSENT or (value is None and null_is_absent):
                record[name] = constant if make is None else make()
            else:
                record[name] = value if shape is None or value is None else shape(value)
        if not given.keys() <= known:
            record.update((name, value) for name, value in given.items() if name not in known)
        return record

    return complete


def _default(field: Field) -> tuple[Any, Callable[[], Any] | None]:
    """(constant, None) or (None, what makes a value of its own for each record)."""
    if field.kind == "record" and field.record is not None and (field.required or field.default is not ABSENT):
        fill = compile_complete(field.record.declared)
        given = field.default if isinstance(field.default, Mapping) else {}
        return None, lambda: fill(given)
    if field.generator is None and (
        field.default is ABSENT or field.default is None or isinstance(field.default, _SCALARS)
    ):
        return (None if field.default is ABSENT else field.default), None
    return None, lambda: default_of(field)


def _shape(field: Field) -> _Shape | None:
    if field.kind in _UNSHAPED or (field.kind == "string" and not field.uuid):
        return None
    if field.kind == "record" and field.record is not None:
        fill = compile_complete(field.record.declared)
        return lambda value: fill(value) if isinstance(value, dict) else value
    return lambda value: tidy(field, value)
