"""Deleting a record with everything that goes with it, children first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, delete, select

from gwctl.entities.catalog import Catalog
from gwctl.schema import EntityError, Schema
from gwctl.store.tables import EntityTable, Tables

_CHUNK = 500

_ALONG = frozenset({("snis", "certificate")})
"""Goes with its parent although the reference's schema says restrict (admin-api.md 1.0)."""


def goes_along(schema: Schema, field: str) -> bool:
    """Whether a record goes when the one goes that its foreign ``field`` refers to."""
    return schema.foreign[field].on_delete == "cascade" or (schema.name, field) in _ALONG


class Deletion:
    """Plans a deletion completely before anything is written, so that a refusal leaves all as it was."""

    def __init__(self, connection: Connection, tables: Tables, catalog: Catalog) -> None:
        self._connection = connection
        self._tables = tables
        self._catalog = catalog
        self._doomed: dict[tuple[str, str], None] = {}
        self._guards: list[tuple[EntityTable, str, str, str]] = []

    def plan(self, entity: str, key: str) -> list[tuple[str, str]]:
        """(entity, key) of everything to delete, in order: children before their parents, ``key`` of ``entity`` last.

        Raises EntityError number 4 when a record that does not go points to one that does.
        """
        self._collect(entity, key)
        for table, field, parent_key, parent in self._guards:
            if any(
                (table.schema.name, child) not in self._doomed for child in self._children(table, field, parent_key)
            ):
                raise EntityError.foreign_key_restricted(table.schema.name, parent)
        return list(self._doomed)

    def _collect(self, entity: str, key: str) -> None:
        for schema, field in self._catalog.children(entity):
            table = self._tables[schema.name]
            if goes_along(schema, field):
                for child in self._children(table, field, key):
                    if (schema.name, child) not in self._doomed:
                        self._collect(schema.name, child)
            else:
                self._guards.append((table, field, key, entity))
        self._doomed[(entity, key)] = None

    def _children(self, table: EntityTable, field: str, key: str) -> Sequence[str]:
        query = select(table.key).where(table.column(field) == key).order_by(table.key).with_for_update()
        return self._connection.execute(query).scalars().all()

    def execute(self, plan: Sequence[tuple[str, str]]) -> None:
        """Delete the rows of ``plan`` and their tags."""
        tags = self._tables.system.tags
        for entity, keys in _runs(plan):
            table = self._tables[entity]
            self._connection.execute(delete(tags).where(tags.c.entity_id.in_(keys), tags.c.entity_name == entity))
            self._connection.execute(delete(table.table).where(table.key.in_(keys)))


def _runs(plan: Sequence[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    """Neighbours of one entity together, at most a chunk at a time."""
    entity = ""
    keys: list[str] = []
    for each, key in plan:
        if keys and (each != entity or len(keys) == _CHUNK):
            yield entity, keys
            keys = []
        entity = each
        keys = [*keys, key]
    if keys:
        yield entity, keys
