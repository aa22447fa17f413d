"""References between items, by id or by name, and what is declared twice (admin-api.md 3.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from gwctl.declarative.items import Item
from gwctl.kit.ids import is_uuid
from gwctl.schema import ForeignField, Schema

MUST_BE_NULL = "value must be null"

Outside: TypeAlias = Callable[[str, str, str], str | None]
"""(entity, field, value) → the id of a record that is not in the document; None when there is none."""


def nothing_outside(entity: str, field: str, value: str) -> str | None:
    """Documents that stand alone."""
    return None


@dataclass(frozen=True, slots=True)
class Dangling:
    """A reference that leads nowhere; ``shown`` is its value as messages show it."""

    item: Item
    field: str
    entity: str
    shown: str

    @property
    def message(self) -> str:
        return f"invalid reference '{self.field}: {self.shown}' (no such entry in '{self.entity}')"


class Index:
    """Items by id and by endpoint key."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._by_id: dict[str, dict[str, Item]] = defaultdict(dict)
        self._by_key: dict[str, dict[str, Item]] = defaultdict(dict)
        for item in items:
            self._enter(item)

    def by_id(self, entity: str, key: str) -> Item | None:
        return self._by_id[entity].get(key.lower() if is_uuid(key) else key)

    def by_key(self, entity: str, key: str) -> Item | None:
        return self._by_key[entity].get(key)

    def _enter(self, item: Item) -> None:
        """The first of two keeps its place; the second is told what it repeats."""
        schema = item.schema
        name = schema.endpoint_key
        value = item.endpoint_value if name is not None and schema.fields[name].unique else None
        by_key, by_id = self._by_key[schema.name], self._by_id[schema.name]
        repeated = None
        if value is not None and by_key.setdefault(value, item) is not item:
            repeated = repeats(schema, str(name), value)
        if item.id is not None and by_id.setdefault(item.id, item) is not item:
            primary = repeats(schema, "primary key", item.id)
            repeated = primary if schema.cache_key else repeated or primary
        if repeated is not None and item.text is None:
            item.text = repeated


def needs_parent(schema: Schema) -> bool:
    """Whether a value means nothing without what a foreign key names: the salt of a password."""
    return any(each.needs for each in schema.transformations)


def repeats(schema: Schema, field: str, value: object) -> str:
    return f"uniqueness violation: '{schema.name}' entity with {field} set to '{value}' already declared"


class Resolver:
    """Turns every foreign key of items into ``{"id": …}``; ``dangling`` are those that lead nowhere."""

    def __init__(self, index: Index, outside: Outside = nothing_outside) -> None:
        self.dangling: list[Dangling] = []
        self.parents_repeated = False
        self._index = index
        self._outside = outside

    def resolve(self, item: Item) -> dict[str, Any]:
        """The foreign fields of ``item`` with their values as records hold them."""
        found: dict[str, Any] = {}
        for name, field in item.schema.foreign.items():
            if name == item.parent_field and item.parent is not None:
                found[name] = self._to_parent(item, item.parent, name)
            elif item.own.get(name) is not None:
                found[name] = self._to_any(item, field, name, item.own[name])
        return found

    def _to_parent(self, item: Item, parent: Item, name: str) -> dict[str, Any] | None:
        given = item.own.get(name)
        if given is not None:
            self.parents_repeated = True
            if not _names(given, parent):
                item.blame({name: MUST_BE_NULL})
                return None
        return None if parent.id is None else {parent.schema.primary_key: parent.id}

    def _to_any(self, item: Item, field: ForeignField, name: str, value: Any) -> Any:
        entity = field.reference
        key, by = _key_in(value)
        if key is None:
            return value
        target = None if by not in (None, "id") else self._index.by_id(entity, key)
        if target is None and by != "id":
            target = self._index.by_key(entity, key)
        if target is not None:
            return value if target.id is None else {target.schema.primary_key: target.id}
        outside = self._outside(entity, by or "", key)
        if outside is not None:
            return {"id": outside}
        shown = value if isinstance(value, str) else orjson.dumps(value).decode()
        self.dangling.append(Dangling(item, name, entity, shown))
        if needs_parent(item.schema):
            return value
        return None if field.required is False else {"id": key if is_uuid(key) else _SOME_ID}


_SOME_ID = "00000000-0000-4000-8000-000000000000"
"""Stands in a record whose reference is reported, so that its other fields are judged alone."""


def _names(given: Any, parent: Item) -> bool:
    """Whether a reference means the enclosing parent."""
    key, by = _key_in(given)
    if key is None:
        return False
    is_id = by != "name" and parent.id is not None and (key.lower() if is_uuid(key) else key) == parent.id
    return is_id or (by != "id" and key == parent.endpoint_value)


def _key_in(value: Any) -> tuple[str | None, str | None]:
    """The text of a reference and which field it names: ``x`` (any), ``{"id": x}``, ``{"name": x}``."""
    if isinstance(value, str):
        return value, None
    if isinstance(value, dict):
        key = value.get("id")
        if key is not None:
            return (key, "id") if isinstance(key, str) else (None, None)
        if len(value) == 1:
            ((name, key),) = value.items()
            return (key, "name") if isinstance(key, str) and name in _NAMING else (None, None)
    return None, None


_NAMING = frozenset({"name", "username"})
