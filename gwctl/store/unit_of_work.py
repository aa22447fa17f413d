"""UnitOfWork: the write pipeline (admin-api.md 0.8), one transaction, one changeset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, exc, insert, select, text, update

from gwctl.entities.catalog import Catalog
from gwctl.kit.version import Version
from gwctl.schema import EntityError, RecordDict, Schema
from gwctl.store import integrity
from gwctl.store.bulk_unit import BulkUnit
from gwctl.store.change_log import ChangesetWriter
from gwctl.store.deletion import Deletion
from gwctl.store.expiry import ended
from gwctl.store.reads import Reads, conditions, key_field
from gwctl.store.row_rules import DELETING, WRITING
from gwctl.store.statements import statements_of
from gwctl.store.stored_form import stored_form
from gwctl.store.tables import EntityTable, Tables

_LOCK_CLASS = 0x67777075  # "gwpu": our half of PostgreSQL's advisory lock numbers; the other half is the key
_TAKE_KEY_LOCK = text("SELECT pg_advisory_xact_lock(:class, hashtext(:name))")


class UnitOfWork(Reads):
    """Writes that become visible together, as one version; made by ``Store.write``.

    Each method runs the whole pipeline of its verb and raises EntityError, having written nothing of that call; the
    block may go on or end. ``version`` is known after the block: None when nothing changed that data planes receive.
    """

    def __init__(self, connection: Connection, tables: Tables, catalog: Catalog, *, actor: str, now: float) -> None:
        super().__init__(connection, tables, now)
        self._catalog = catalog
        self._actor = actor
        self._log = ChangesetWriter(connection, tables.system)
        self._closed = False
        self._mark = "%s" if connection.dialect.name == "postgresql" else "?"
        self.version: Version | None = None

    def insert(self, entity: str, values: Mapping[str, Any]) -> RecordDict:
        """POST: a new record of ``values``. Returns it in stored form."""
        table = self._tables[entity]
        self._make_room(table)
        record = self._finish(table.schema, table.schema.prepare_insert(values, now=self._now))
        return self._insert(table, record)

    def upsert(self, entity: str, key: str, values: Mapping[str, Any]) -> RecordDict:
        """PUT: replace the record that ``key`` (primary or endpoint key) addresses, or make it. Returns it."""
        table = self._tables[entity]
        schema = table.schema
        field = key_field(schema, key)
        if field != schema.primary_key and (error := schema.validate_field(field, key)) is not None:
            raise EntityError.invalid_unique(field, str(error))
        self._make_room(table)
        existing = self._locked(table, field, key) or self._locked_in_turn(table, field, key)
        wanted = {**values, field: key}
        if existing is not None:
            wanted[schema.primary_key] = existing[schema.primary_key]
        record = schema.prepare_replace(wanted, now=self._now, existing=existing)
        record = self._finish(schema, record)
        return self._insert(table, record) if existing is None else self._update(table, existing, record)

    def update(self, entity: str, key: str, values: Mapping[str, Any]) -> RecordDict:
        """PATCH: merge ``values`` into the record that ``key`` addresses. Raises EntityError number 6 without one."""
        table = self._tables[entity]
        field = key_field(table.schema, key)
        self._make_room(table)
        existing = self._locked(table, field, key)
        if existing is None:
            raise EntityError.not_found({field: key}, primary=field == table.schema.primary_key)
        record = table.schema.prepare_update(values, now=self._now, existing=existing)
        return self._update(table, existing, self._finish(table.schema, record, given=values))

    def delete(self, entity: str, key: str) -> bool:
        """DELETE the record that ``key`` addresses and what hangs on it; False when there is none.

        Every cascaded deletion is a change of its own, children first. Raises EntityError number 4 when something that
        may not go still points to it, number 19 when an authority is still named by another record.
        """
        table = self._tables[entity]
        self._make_room(table)
        existing = self._locked(table, key_field(table.schema, key), key, key_changes=True)
        if existing is None:
            return False
        if (rule := DELETING.get(entity)) is not None:
            rule(self._connection, self._tables, existing)
        self._delete(entity, table.schema.key_of(existing))
        return True

    def _delete(self, entity: str, key: str) -> None:
        deletion = Deletion(self._connection, self._tables, self._catalog)
        plan = deletion.plan(entity, key)
        deletion.execute(plan)
        for each, doomed in plan:
            self._changed(self._tables[each].schema, doomed, None)

    def purge_ended(self) -> int:
        """Delete records whose time is over, at most a few hundred of each entity; returns how many."""
        return sum(self._make_room(table) for table in self._tables.entities.values())

    def _make_room(self, table: EntityTable) -> int:
        """What has ended is deleted before anything else happens to its table: its unique values are free again."""
        if not table.schema.ttl:
            return 0
        keys = ended(self._connection, table, self._now)
        for key in keys:
            self._delete(table.schema.name, key)
        return len(keys)

    def bulk_write(self) -> BulkUnit:
        """For a prepared changeset of any size; its changes belong to this unit of work."""
        return BulkUnit(self._connection, self._tables, self._log)

    def close(self) -> None:
        """Number this changeset; the caller commits at once (see ChangesetWriter.close) and writes no more."""
        if not self._closed:
            self._closed = True
            self.version = self._log.close(self._actor, self._now)

    def _finish(self, schema: Schema, record: RecordDict, *, given: Mapping[str, Any] | None = None) -> RecordDict:
        """``given`` is the body of a PATCH."""
        integrity.resolve_references(self._connection, self._tables, schema, record)
        checked = schema.check(record, updating=given is not None)
        if (rule := WRITING.get(schema.name)) is not None:
            rule(self._connection, self._tables, checked)
        return stored_form(schema, schema.transform(checked, given))

    def _insert(self, table: EntityTable, record: RecordDict) -> RecordDict:
        statements = statements_of(table, self._mark)
        integrity.check_new(self._connection, statements, record)
        try:
            self._connection.exec_driver_sql(statements.insert, statements.codec.encode(record))
        except exc.IntegrityError as error:
            raise integrity.refused(error, table.schema, record) or error from error
        self._write_tags(table, record)
        self._changed(table.schema, table.schema.key_of(record), record)
        return record

    def _update(self, table: EntityTable, old: RecordDict, record: RecordDict) -> RecordDict:
        self._check(table, record, old)
        key = record[table.schema.primary_key]
        try:
            self._connection.execute(update(table.table).where(table.key == key).values(table.row(record)))
        except exc.IntegrityError as error:
            raise integrity.refused(error, table.schema, record) or error from error
        if record.get("tags") != old.get("tags"):
            tags = self._tables.system.tags
            self._connection.execute(
                tags.delete().where(tags.c.entity_id == key, tags.c.entity_name == table.schema.name)
            )
            self._write_tags(table, record)
        self._changed(table.schema, table.schema.key_of(record), record)
        return record

    def _check(self, table: EntityTable, record: RecordDict, old: RecordDict | None) -> None:
        integrity.check_unique(self._connection, table, record, old)
        integrity.check_foreign(self._connection, self._tables, table.schema, record, old)

    def _write_tags(self, table: EntityTable, record: RecordDict) -> None:
        key, name = record[table.schema.primary_key], table.schema.name
        rows = [
            {"entity_id": key, "ord": position, "entity_name": name, "tag": tag}
            for position, tag in enumerate(record.get("tags") or (), 1)
        ]
        if rows:
            self._connection.execute(insert(self._tables.system.tags), rows)

    def _changed(self, schema: Schema, key: str, record: RecordDict | None) -> None:
        if schema.exported:
            self._log.append(schema.name, key, record)

    def _locked_in_turn(self, table: EntityTable, field: str, key: str) -> RecordDict | None:
        """What another PUT of the same new key made meanwhile, so that this one replaces it instead of failing.

        SQLite has one writer at a time, so there nobody can have been faster.
        """
        if self._connection.dialect.name != "postgresql":
            return None
        name = f"{table.schema.name}/{field}/{key.lower()}"
        self._connection.execute(_TAKE_KEY_LOCK, {"class": _LOCK_CLASS, "name": name})
        return self._locked(table, field, key)

    def _locked(self, table: EntityTable, field: str, key: str, *, key_changes: bool = False) -> RecordDict | None:
        """The record, held against other writers until the end; with ``key_changes`` also against new children."""
        query = select(*table.columns).where(*conditions(table, {field: key})).limit(1)
        row = self._connection.execute(query.with_for_update(key_share=not key_changes)).one_or_none()
        return table.record(row) if row is not None else None
