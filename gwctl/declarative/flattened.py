"""Errors entity by entity, as ``flatten_errors`` asks for them (admin-api.md 3.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gwctl.declarative.items import Item
from gwctl.kit.ids import is_uuid
from gwctl.schema import Errors
from gwctl.schema.errors import ENTITY


def flattened_entries(guilty: Sequence[Item]) -> list[dict[str, Any]]:
    """One entry per item that has errors, and per entity that was written inline as a foreign key."""
    return [entry for item in guilty for entry in _entries(item)]


def _entries(item: Item) -> Iterator[dict[str, Any]]:
    own: Errors = {}
    for name, error in (item.errors or {}).items():
        inline = _inline(item, name)
        if inline is not None and isinstance(error, Mapping) and set(error) <= set(inline):
            kind = item.schema.foreign[name].reference
            yield _entry(kind, dict(inline), list(_flat(error)))
        else:
            own[name] = error
    texts = [] if item.text is None else [{"type": "entity", "message": item.text}]
    if own or texts:
        yield _entry(item.schema.name, _submitted(item), [*_flat(own), *texts])


def _inline(item: Item, name: str) -> Mapping[str, Any] | None:
    """The entity that stands where a reference belongs; None for a reference."""
    value = item.own.get(name)
    if name in item.schema.foreign and isinstance(value, dict) and value and value.get("id") is None:
        return value
    return None


def _entry(entity: str, values: dict[str, Any], errors: list[dict[str, Any]]) -> dict[str, Any]:
    entry: dict[str, Any] = {"entity_type": entity.removesuffix("s"), "entity": values, "errors": errors}
    key, name, tags = values.get("id"), values.get("name"), values.get("tags")
    if is_uuid(key):
        entry["entity_id"] = key
    if isinstance(name, str):
        entry["entity_name"] = name
    if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags):
        entry["entity_tags"] = tags
    return entry


def _submitted(item: Item) -> dict[str, Any]:
    """The entity as it was written, without nested entities; references are cut down to their id."""
    if not isinstance(item.values, dict):
        return {}
    values = {name: value for name, value in item.values.items() if name in item.own}
    if item.text is not None and item.id is not None and item.schema.primary_key not in values:
        values[item.schema.primary_key] = item.id
    for name in item.schema.foreign:
        value = values.get(name)
        if isinstance(value, dict) and value.get("id") is not None:
            values[name] = {"id": value["id"]}
    parent = item.parent
    if parent is not None and item.parent_field is not None and parent.origin == "given" and is_uuid(parent.id):
        values[item.parent_field] = {"id": parent.id}
    return values


def _flat(errors: Mapping[str, Any], prefix: str = "") -> Iterator[dict[str, Any]]:
    for name, error in errors.items():
        if name == ENTITY:
            for text in error if isinstance(error, list) else [error]:
                yield {"type": "entity", "message": text}
            continue
        yield from _flat_value(f"{prefix}{name}", error)


def _flat_value(field: str, error: Any) -> Iterator[dict[str, Any]]:
    if isinstance(error, Mapping):
        yield from _flat(error, f"{field}.")
    elif isinstance(error, list | tuple):
        for position, below in enumerate(error, 1):
            if below is not None:
                yield from _flat_value(f"{field}.{position}", below)
    else:
        yield {"type": "field", "field": field, "message": str(error)}
