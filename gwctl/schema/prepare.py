"""Preparation: from given values to a complete record in stored form (admin-api.md 0.7, 0.8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gwctl.kit.ids import new_uuid, random_token
from gwctl.schema.absent import ABSENT, Absent, Maybe
from gwctl.schema.field import Field, Fields


def complete(fields: Fields, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every field, given or by default; unknown names are kept behind them for validation to report."""
    record = {name: _filled(field, given.get(name, ABSENT)) for name, field in fields.items()}
    record.update((name, value) for name, value in given.items() if name not in fields)
    return record


def merge(fields: Fields, given: Mapping[str, Any], existing: Mapping[str, Any]) -> dict[str, Any]:
    """``existing`` with ``given`` laid over: records merge, everything else is replaced, null clears."""
    record = {name: _merged(field, given.get(name, ABSENT), existing.get(name)) for name, field in fields.items()}
    record.update((name, value) for name, value in given.items() if name not in fields)
    return record


def fill_auto(fields: Fields, given: dict[str, Any], now: float) -> None:
    """Generate keys and times of a new or replaced record."""
    for name, field in fields.items():
        if not field.auto:
            continue
        if name == "updated_at":
            given[name] = moment(field, now)
        elif given.get(name) is None:
            given[name] = _generated(name, field, now)


def moment(field: Field, now: float) -> float:
    """``now`` as the field keeps times: whole seconds, or seconds with milliseconds."""
    return int(now) if field.kind == "integer" else round(now, 3)


def _generated(name: str, field: Field, now: float) -> Any:
    if field.uuid:
        return new_uuid()
    return random_token() if field.kind == "string" else moment(field, now)


def _filled(field: Field, value: Maybe[Any]) -> Any:
    if value is ABSENT or (value is None and falls_back(field)):
        return default_of(field)
    return tidy(field, value)


def falls_back(field: Field) -> bool:
    """Whether null means the default; for a required field that is no record it is an error instead."""
    if field.generator is not None:
        return True
    return not field.keeps_null and (not field.required or field.kind == "record")


def _merged(field: Field, value: Maybe[Any], existing: Any) -> Any:
    if isinstance(value, Absent):
        return existing
    if isinstance(value, dict) and isinstance(existing, dict):
        if field.kind == "record" and field.record is not None:
            return merge(field.record.declared, value, existing)
        if field.kind == "json":
            return _merged_json(value, existing)
    return _filled(field, value)


def _merged_json(value: dict[str, Any], existing: dict[str, Any]) -> dict[str, Any]:
    merged = dict(existing)
    for name, item in value.items():
        below = merged.get(name)
        merged[name] = _merged_json(item, below) if isinstance(item, dict) and isinstance(below, dict) else item
    return merged


def default_of(field: Field) -> Any:
    """What a field holds that nobody gave: its default, its expanded record, a made value, or null."""
    if field.kind == "record" and field.record is not None and (field.required or field.default is not ABSENT):
        given = field.default if isinstance(field.default, Mapping) else {}
        return complete(field.record.declared, given)
    if field.generator is not None:
        return field.generator()
    return None if field.default is ABSENT else _fresh(field.default)


def _fresh(value: Any) -> Any:
    """A declared default in stored form, never shared: lists for tuples."""
    if isinstance(value, list | tuple):
        return [_fresh(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _fresh(item) for key, item in value.items()}
    return value


def tidy(field: Field, value: Any) -> Any:
    """A given value in stored form; what has the wrong type is left for validation to report."""
    shape = _TIDY.get(field.kind)
    return value if shape is None or value is None else shape(field, value)


def _tidy_string(field: Field, value: Any) -> Any:
    return value.lower() if field.uuid and isinstance(value, str) else value


def _tidy_integer(field: Field, value: Any) -> Any:
    return int(value) if type(value) is float and value.is_integer() else value


def _tidy_array(field: Field, value: Any) -> Any:
    if not isinstance(value, list | tuple) or field.elements is None:
        return value
    return [tidy(field.elements, item) for item in value]


def _tidy_set(field: Field, value: Any) -> Any:
    items = _tidy_array(field, value)
    if not isinstance(items, list):
        return items
    kept: list[Any] = []
    for item in items:
        if isinstance(item, dict) or not any(item is other or _same(item, other) for other in kept):
            kept.append(item)
    return kept


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _tidy_map(field: Field, value: Any) -> Any:
    if not isinstance(value, dict) or field.values is None:
        return value
    return {key: tidy(field.values, item) for key, item in value.items()}


def _tidy_record(field: Field, value: Any) -> Any:
    if not isinstance(value, dict) or field.record is None:
        return value
    return complete(field.record.declared, value)


def _tidy_foreign(field: Field, value: Any) -> Any:
    if isinstance(value, dict) and "id" in value:
        key = value["id"]
        return {"id": key.lower() if isinstance(key, str) else key}
    return value


_TIDY: Mapping[str, Callable[[Field, Any], Any]] = {
    "string": _tidy_string,
    "integer": _tidy_integer,
    "array": _tidy_array,
    "set": _tidy_set,
    "map": _tidy_map,
    "record": _tidy_record,
    "foreign": _tidy_foreign,
}
