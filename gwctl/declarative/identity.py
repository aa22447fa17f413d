"""Deterministic ids: the same file gives named things the same ids on every node (admin-api.md 3.3)."""

from __future__ import annotations

import hashlib
import uuid
from functools import lru_cache
from typing import Any

from gwctl.declarative.items import Item
from gwctl.kit.ids import is_uuid, new_uuid
from gwctl.schema import Schema

_SPACE = uuid.UUID("fd02801f-0957-4a15-a55a-c8d9606f30b5")
_ANY_WORKSPACE = "*"


@lru_cache(maxsize=256)
def _namespace(entity: str) -> bytes:
    return uuid.uuid5(_SPACE, entity).bytes


def derived_id(entity: str, key: str) -> str:
    """The id of the record of ``entity`` that ``key`` names: a UUID of version 5 (RFC 9562, 5.5).

    Written out, because `uuid.uuid5` takes six times as long and a document may name a hundred thousand records.
    """
    text = hashlib.sha1(_namespace(entity) + key.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"


def identify(item: Item) -> None:
    """Give ``item`` its id: the one it has, one derived from what names it, or a random one."""
    schema = item.schema
    given = item.own.get(schema.primary_key)
    if given is not None:
        item.id = given.lower() if is_uuid(given) else given if isinstance(given, str) else None
        item.origin = "given"
        return
    if not schema.fields[schema.primary_key].uuid:
        return
    key = _key_of(item)
    item.origin = "random" if key is None else "derived"
    item.id = new_uuid() if key is None else derived_id(schema.name, key)


def _key_of(item: Item) -> str | None:
    if item.schema.cache_key:
        return _cache_key(item, item.schema.cache_key)
    key = item.schema.endpoint_key
    return item.endpoint_value if key is not None and item.schema.fields[key].unique else None


def _cache_key(item: Item, parts: tuple[str, ...]) -> str | None:
    schema: Schema = item.schema
    segments = [schema.name, _ANY_WORKSPACE]
    for name in parts:
        field = schema.fields[name]
        if field.auto:
            return None
        value: Any = item.own.get(name)
        if isinstance(value, str):
            segments.append(value)
        elif name not in item.own:
            segment = _missing_segment(item, name)
            if segment is None:
                return None
            segments.append(segment)
    return ":".join(segments)


def _missing_segment(item: Item, name: str) -> str | None:
    """A part that was not written: the enclosing parent's id, nothing when it is optional; None when it cannot be."""
    if name == item.parent_field and item.parent is not None:
        return None if item.parent.origin == "random" else item.parent.id
    return None if item.schema.fields[name].required else ""
