"""Reads: what one consistent transaction answers about records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, false, func, literal, select, tuple_

from gwctl.kit.ids import is_uuid
from gwctl.kit.version import Version
from gwctl.schema import EntityError, RecordDict, Schema
from gwctl.store.bulk import BulkRows
from gwctl.store.change_log import current_version
from gwctl.store.expiry import alive, ended
from gwctl.store.paging import DEFAULT_SIZE, Page, TagFilter, check_size, decode_offset, encode_offset, parse_tags
from gwctl.store.tables import EntityTable, Tables

TAGS = "tags"
"""The entity without a table of its own: its records are the rows of every other entity's tags."""


class Reads:
    """Reading records inside one transaction; made by ``Store.read`` and ``Store.write``, good until their block ends.

    Entities are named as in the catalog; an unknown name is a KeyError. Records that have ended are not found.
    """

    def __init__(self, connection: Connection, tables: Tables, now: float) -> None:
        self._connection = connection
        self._tables = tables
        self._now = now

    def get(self, entity: str, key: str, *, where: Mapping[str, Any] | None = None) -> RecordDict | None:
        """The record with the primary key ``key``, or with that endpoint key when it is no UUID; None if there is none.

        ``where`` (field → value, foreign values as ``{"id": …}``) narrows it, as for a target of one upstream.
        Raises EntityError number 1 when ``key`` is no UUID and the entity has no endpoint key.
        """
        return self._one(self._tables[entity], {key_field(self._tables[entity].schema, key): key, **(where or {})})

    def find(self, entity: str, field: str, value: Any) -> RecordDict | None:
        """The record whose ``field`` is ``value`` (the one with the smallest key, should there be several)."""
        return self._one(self._tables[entity], {field: value})

    def page(
        self,
        entity: str,
        *,
        size: int = DEFAULT_SIZE,
        offset: str | None = None,
        tags: str | TagFilter | None = None,
        where: Mapping[str, Any] | None = None,
    ) -> Page:
        """Records in the order of their primary keys. ``tags`` is the filter as written in a query, or a parsed one.

        Raises EntityError numbers 7, 9 and 11 for a bad ``offset``, ``size`` and ``tags``.
        """
        check_size(size)
        if entity == TAGS:
            return self._tag_page(size, offset, where or {})
        table = self._tables[entity]
        query = select(*table.columns).where(*conditions(table, where or {}), *alive(table, self._now))
        if tags is not None:
            query = self._tagged(query, table, parse_tags(tags) if isinstance(tags, str) else tags)
        if offset is not None:
            query = query.where(table.key > decode_offset(offset, (str,))[0])
        rows = self._connection.execute(query.order_by(table.key).limit(size + 1)).all()
        data = [table.record(row) for row in rows[:size]]
        more = len(rows) > size
        return Page(data, encode_offset((table.schema.key_of(data[-1]),)) if more else None)

    def newest_first(
        self, entity: str, *, where: Mapping[str, Any], size: int, start: int
    ) -> tuple[list[RecordDict], bool]:
        """``size`` records behind the first ``start``, the youngest first, and whether there are more."""
        table = self._tables[entity]
        found = select(*table.columns).where(*conditions(table, where), *alive(table, self._now))
        ordered = found.order_by(table.column("created_at").desc(), table.key.desc()).limit(size + 1).offset(start)
        rows = self._connection.execute(ordered).all()
        return [table.record(row) for row in rows[:size]], len(rows) > size

    def bulk(self) -> BulkRows:
        """Streams of whole tables, as of this transaction."""
        return BulkRows(self._connection, self._tables)

    def newest(self) -> Version:
        """The newest version that this transaction sees."""
        return current_version(self._connection, self._tables.system)

    def distinct(self, entity: str, field: str) -> list[str]:
        """The different texts of a field of all records, sorted; nulls are left out."""
        column = self._tables[entity].table.c[field]
        return sorted(self._connection.scalars(select(column).where(column.is_not(None)).distinct()))

    def any_ended(self) -> bool:
        """Whether there are records whose time is over."""
        return any(
            ended(self._connection, table, self._now) for table in self._tables.entities.values() if table.schema.ttl
        )

    def _one(self, table: EntityTable, where: Mapping[str, Any]) -> RecordDict | None:
        found = select(*table.columns).where(*conditions(table, where), *alive(table, self._now))
        query = found.order_by(table.key).limit(1)
        row = self._connection.execute(query).one_or_none()
        return table.record(row) if row is not None else None

    def _tagged(self, query: Select[Any], table: EntityTable, wanted: TagFilter) -> Select[Any]:
        tags = self._tables.system.tags.c
        matching = select(tags.entity_id).where(tags.tag.in_(wanted.tags), tags.entity_name == table.schema.name)
        if wanted.every:
            matching = matching.group_by(tags.entity_id).having(func.count(tags.tag.distinct()) == len(wanted.tags))
        return query.where(table.key.in_(matching))

    def _tag_page(self, size: int, offset: str | None, where: Mapping[str, Any]) -> Page:
        tags = self._tables.system.tags.c
        query = select(tags.entity_name, tags.entity_id, tags.tag, tags.ord)
        for field, value in where.items():
            query = query.where(tags[field] == value)
        if offset is not None:
            entity_id, ordinal, entity_name = decode_offset(offset, (str, int, str))
            query = query.where(_after((tags.entity_id, tags.ord, tags.entity_name), (entity_id, ordinal, entity_name)))
        query = query.order_by(tags.entity_id, tags.ord, tags.entity_name)
        rows = self._connection.execute(query.limit(size + 1)).all()
        data = [{"entity_name": row.entity_name, "entity_id": row.entity_id, "tag": row.tag} for row in rows[:size]]
        last = rows[size - 1] if len(rows) > size else None
        return Page(data, encode_offset((last.entity_id, last.ord, last.entity_name)) if last is not None else None)


def key_field(schema: Schema, key: str) -> str:
    """The field that ``key`` addresses: the primary key, or the endpoint key. Raises EntityError number 1."""
    if not schema.fields[schema.primary_key].uuid or is_uuid(key):
        return schema.primary_key
    if schema.endpoint_key is None:
        raise EntityError.invalid_primary_key({schema.primary_key: "expected a valid UUID"})
    return schema.endpoint_key


def conditions(table: EntityTable, where: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    return [condition(table, field, value) for field, value in where.items()]


def condition(table: EntityTable, field: str, value: Any) -> ColumnElement[bool]:
    """``field`` holds ``value``; keys compare in lower case, as they are stored."""
    plain = table.scalar(field, value)
    column = table.column(field)
    if plain is None:
        return column.is_(None)
    if isinstance(plain, str):
        plain = plain.lower() if is_key(table.schema, field) else plain
        if "\0" in plain:
            return false()  # PostgreSQL has no such text, so no record holds it
    equal: ColumnElement[bool] = column == plain
    return equal


def is_key(schema: Schema, field: str) -> bool:
    """True when ``field`` holds a UUID that addresses a record."""
    return field in schema.foreign or (field == schema.primary_key and schema.fields[field].uuid)


def _after(columns: tuple[ColumnElement[Any], ...], values: tuple[Any, ...]) -> ColumnElement[bool]:
    return tuple_(*columns) > tuple_(*(literal(value) for value in values))
