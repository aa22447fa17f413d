"""Which index entries a record has, derived from the catalog of entities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gwctl.cache import keys
from gwctl.cache.errors import CacheConflict
from gwctl.kit.digest import record_digest

if TYPE_CHECKING:
    from gwctl.entities.catalog import Catalog
    from gwctl.schema import Schema


class Layout:
    """The catalog as the cache sees it: entities that data planes receive, parents first."""

    def __init__(self, catalog: Catalog) -> None:
        self._schemas: dict[str, Schema] = {schema.name: schema for schema in catalog.exported}
        self.order: dict[str, int] = {name: place for place, name in enumerate(self._schemas)}
        self._children: dict[str, tuple[tuple[str, str], ...]] = {
            name: tuple((child.name, field) for child, field in catalog.children(name) if child.name in self._schemas)
            for name in self._schemas
        }

    def _schema(self, entity: str, key: str) -> Schema:
        schema = self._schemas.get(entity)
        if schema is None:
            raise CacheConflict(entity, key, "this kind of entity is unknown here")
        return schema

    def ensure_known(self, entity: str, key: str) -> None:
        """Raise CacheConflict for an entity that a cache does not hold."""
        self._schema(entity, key)

    def key_of(self, entity: str, record: dict[str, Any]) -> str:
        return self._schema(entity, "").key_of(record)

    def encode(self, entity: str, key: str, record: dict[str, Any]) -> tuple[int, bytes]:
        """The digest and the stored value of a record."""
        canonical = self._schema(entity, key).canonical(record)
        digest = record_digest(entity, key, canonical)
        return digest, keys.seal_record(digest, canonical)

    def unique(self, entity: str, key: str, record: dict[str, Any]) -> Iterator[tuple[bytes, tuple[str, ...]]]:
        """The unique-index keys of a record with their fields; a combination with an unset part is not unique."""
        for fields in self._schema(entity, key).unique:
            values = [record.get(field) for field in fields]
            if None not in values:
                yield keys.unique_key(entity, fields, values), tuple(fields)

    def parents(self, entity: str, key: str, record: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
        """(field, parent entity, parent key) of every foreign key that is set."""
        for field, foreign in self._schema(entity, key).foreign.items():
            value = record.get(field)
            if value is None:
                continue
            parent = value.get("id") if isinstance(value, dict) else None
            if not isinstance(parent, str):
                raise CacheConflict(entity, key, f"field {field} is not a foreign key")
            yield field, foreign.reference, parent

    def children(self, entity: str) -> tuple[tuple[str, str], ...]:
        """(child entity, its field) for every foreign key that refers to ``entity``."""
        return self._children.get(entity, ())

    def index_entries(self, entity: str, key: str, record: dict[str, Any]) -> set[bytes]:
        """Every index key of a record."""
        entries = {index for index, _ in self.unique(entity, key, record)}
        entries.update(
            keys.foreign_key(entity, field, parent, key) for field, _, parent in self.parents(entity, key, record)
        )
        return entries
