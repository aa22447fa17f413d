"""Filling, compiled: what `gwctl.schema.prepare.complete` does, as one closure per record class.

Documents of a hundred thousand records are filled with it, so each question that the declaration answers is asked once,
and what a record leaves out costs nothing but a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from gwctl.schema.absent import ABSENT
from gwctl.schema.field import Field, Fields
from gwctl.schema.prepare import default_of, falls_back, tidy

Fill: TypeAlias = Callable[[Mapping[str, Any]], dict[str, Any]]

_Make: TypeAlias = Callable[[], Any]
_Shape: TypeAlias = Callable[[Any], Any]

_UNSHAPED = frozenset({"boolean", "json", "number"})
_SCALARS = (bool, float, int, str)


def compile_complete(fields: Fields) -> Fill:
    """Given values → every field, given or by default; unknown names are kept behind them."""
    defaults = {name: _default(field) for name, field in fields.items()}
    template = {name: constant for name, (constant, _) in defaults.items()}
    made = tuple((name, make) for name, (_, make) in defaults.items() if make is not None)
    steps = {name: (falls_back(field), defaults[name][1], _shape(field)) for name, field in fields.items()}
    unknown = (False, None, None)

    def complete(given: Mapping[str, Any]) -> dict[str, Any]:
        record = template.copy()
        for name, make in made:
            if name not in given:
                record[name] = make()
        for name, value in given.items():
            null_is_absent, own_make, shape = steps.get(name, unknown)
            if value is not None:
                record[name] = value if shape is None else shape(value)
            elif not null_is_absent:
                record[name] = None
            elif own_make is not None:
                record[name] = own_make()
        return record

    return complete


def _default(field: Field) -> tuple[Any, _Make | None]:
    """(constant, None) or (None, what makes a value of its own for each record)."""
    if field.kind == "record" and field.record is not None and (field.required or field.default is not ABSENT):
        fill = compile_complete(field.record.declared)
        given = field.default if isinstance(field.default, Mapping) else {}
        return None, lambda: fill(given)
    if field.generator is None and (
        field.default is ABSENT or field.default is None or isinstance(field.default, _SCALARS)
    ):
        return (None if field.default is ABSENT else field.default), None
    if field.generator is None and isinstance(field.default, tuple) and _are_scalars(field.default):
        return None, list(field.default).copy
    return None, lambda: default_of(field)


def _shape(field: Field) -> _Shape | None:
    """`tidy` for one field, for values that are not null; None where it changes nothing."""
    if field.kind in _UNSHAPED or (field.kind == "string" and not field.uuid):
        return None
    if field.kind == "integer":
        return lambda value: int(value) if type(value) is float and value.is_integer() else value
    if field.kind == "record" and field.record is not None:
        fill = compile_complete(field.record.declared)
        return lambda value: fill(value) if isinstance(value, dict) else value
    if field.kind in ("array", "set") and field.elements is not None and _shape(field.elements) is None:
        return lambda value: value.copy() if type(value) is list and _are_texts(value) else tidy(field, value)
    return lambda value: tidy(field, value)


def _are_texts(values: list[Any]) -> bool:
    """Whether these are texts without repetition, which a list or a set keeps as they are."""
    if len(values) == 1:
        return type(values[0]) is str
    return all(type(value) is str for value in values) and len(set(values)) == len(values)


def _are_scalars(values: tuple[Any, ...]) -> bool:
    return all(isinstance(value, _SCALARS) for value in values)
