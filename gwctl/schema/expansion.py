"""Expansion: shorthands and deprecated fields of a record, and of the records inside it, compiled to one closure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from gwctl.schema.absent import ABSENT
from gwctl.schema.deprecation import Deprecation
from gwctl.schema.errors import Errors
from gwctl.schema.field import Field, Fields
from gwctl.schema.inside import value_at
from gwctl.schema.messages import shown
from gwctl.schema.shorthand import Shorthand
from gwctl.schema.validators import Peers, Validator, compile_validator

Expand: TypeAlias = Callable[[Mapping[str, Any], Errors, list[str]], dict[str, Any]]
"""Given values → values of real fields; refused shorthands go to the errors, deprecations to the warnings."""

_Inside: TypeAlias = Callable[[Any, list[str]], tuple[Any, Any]]
"""One value and the warnings → the value without shorthands, and its error or None."""

_Step: TypeAlias = Callable[[Mapping[str, Any], dict[str, Any], Errors, list[str]], None]


def compile_expansion(fields: Fields, shorthands: Iterable[Shorthand], peers: Peers) -> Expand | None:
    """None when neither the record nor anything inside it has shorthands or deprecated fields."""
    steps = tuple(_step(each, compile_validator(each.field, peers)) for each in shorthands)
    steps += tuple(_aged(name, field.deprecation) for name, field in fields.items() if field.deprecation is not None)
    below = tuple((name, inside) for name, field in fields.items() if (inside := _inside(field, peers)) is not None)
    if not steps and not below:
        return None

    def expand(given: Mapping[str, Any], errors: Errors, warnings: list[str]) -> dict[str, Any]:
        values = dict(given)
        for step in steps:
            step(given, values, errors, warnings)
        for name, inside in below:
            if values.get(name) is not None:
                values[name], error = inside(values[name], warnings)
                if error is not None:
                    errors[name] = error
        return values

    return expand


def _step(shorthand: Shorthand, validate: Validator) -> _Step:
    name, deprecation = shorthand.name, shorthand.deprecation

    def step(given: Mapping[str, Any], values: dict[str, Any], errors: Errors, warnings: list[str]) -> None:
        value = values.get(name, ABSENT)
        if value is ABSENT:
            return
        error = validate(value)
        if error is not None:
            errors[name] = error
            return
        del values[name]
        meant = shorthand.expand(value)
        if deprecation is not None:
            rivals = [
                (path, other) for path in deprecation.replaced_with if (other := value_at(given, path)) is not None
            ]
            if value is None and rivals:
                return
            for path, other in rivals:
                if (old := value_at(meant, path)) != other:
                    errors[name] = _mismatch(name, old, path, other)
                    return
            _warn(deprecation, value, warnings)
        _lay_over(values, meant)

    return step


def _mismatch(name: str, old: Any, path: tuple[str, ...], new: Any) -> str:
    return (
        "both deprecated and new field are used but their values mismatch: "
        f"{name} = {shown(old)} vs {'.'.join(path)} = {shown(new)}"
    )


def _aged(name: str, deprecation: Deprecation) -> _Step:
    def step(given: Mapping[str, Any], values: dict[str, Any], errors: Errors, warnings: list[str]) -> None:
        if name in values:
            _warn(deprecation, values[name], warnings)

    return step


def _warn(deprecation: Deprecation, value: Any, warnings: list[str]) -> None:
    text = deprecation.warning(value)
    if text is not None:
        warnings.append(text)


def _lay_over(values: dict[str, Any], meant: Mapping[str, Any]) -> None:
    """``meant`` wins, except over something that is no record where a record belongs: validation reports that."""
    for name, value in meant.items():
        present = values.get(name)
        if isinstance(value, Mapping) and present is not None:
            if isinstance(present, Mapping):
                merged = dict(present)
                _lay_over(merged, value)
                values[name] = merged
        else:
            values[name] = value


def _inside(field: Field, peers: Peers) -> _Inside | None:
    if field.kind == "record" and field.record is not None:
        expand = compile_expansion(field.record.declared, field.record.shorthands, peers)
        return None if expand is None else _in_record(expand)
    if field.kind in ("array", "set") and field.elements is not None:
        inside = _inside(field.elements, peers)
        return None if inside is None else _in_list(inside)
    if field.kind == "map" and field.values is not None:
        inside = _inside(field.values, peers)
        return None if inside is None else _in_map(inside)
    return None


def _in_record(expand: Expand) -> _Inside:
    def inside(value: Any, warnings: list[str]) -> tuple[Any, Any]:
        if not isinstance(value, Mapping):
            return value, None
        errors: Errors = {}
        return expand(value, errors, warnings), errors or None

    return inside


def _in_list(inner: _Inside) -> _Inside:
    def inside(value: Any, warnings: list[str]) -> tuple[Any, Any]:
        if not isinstance(value, list | tuple):
            return value, None
        found = [inner(item, warnings) for item in value]
        errors = [error for _, error in found]
        while errors and errors[-1] is None:
            errors.pop()
        return [item for item, _ in found], errors or None

    return inside


def _in_map(inner: _Inside) -> _Inside:
    def inside(value: Any, warnings: list[str]) -> tuple[Any, Any]:
        if not isinstance(value, Mapping):
            return value, None
        found = {key: inner(item, warnings) for key, item in value.items()}
        error = next((error for _, error in found.values() if error is not None), None)
        return {key: item for key, (item, _) in found.items()}, error

    return inside
