"""The change log: versions in commit order, each a changeset of whole records (hybrid.md 11.3, 11.5)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, func, insert, select, text

from gwctl.kit.ids import new_uuid
from gwctl.kit.version import Version
from gwctl.schema import RecordDict
from gwctl.store.bulk import BulkWriter
from gwctl.store.errors import NeedsBootstrap
from gwctl.store.system_tables import SystemTables

CHANNEL = "gwctl_versions"
"""The PostgreSQL channel on which each commit announces its version number."""

KEEP = 10_000
"""How many versions ``prune`` leaves unless told otherwise."""

LARGEST = 10_000
"""A version of more changes is not handed over one by one: copying everything in bounded steps costs no more and needs
memory for a few records only."""

_FLUSH = 500
_LOCK_CLASS = 0x67776374  # "gwct": our half of PostgreSQL's advisory lock numbers; the other half is the schema

_TAKE_VERSION_LOCK_SQL = "SELECT pg_advisory_xact_lock(%(class)s, hashtext(current_schema()))"
_INSERT_CHANGE = """
    INSERT INTO changes (changeset, position, entity, key, record)
    VALUES (%(changeset)s, %(position)s, %(entity)s, %(key)s, %(record)s)"""
_INSERT = """
    INSERT INTO versions (number, changeset, size, actor, committed_at)
    SELECT coalesce(max(number), 0) + 1, CAST(:changeset AS TEXT), CAST(:size AS INTEGER), CAST(:actor AS TEXT),
           CAST(:now AS DOUBLE PRECISION)
    FROM versions
    RETURNING number, (SELECT id FROM lineage)"""
_INSERT_VERSION = text(_INSERT)
_INSERT_AND_NOTIFY = re.sub(r":(\w+)", r"%(\1)s", _INSERT) + f", pg_notify('{CHANNEL}', CAST(number AS TEXT))"


@dataclass(frozen=True, slots=True)
class Change:
    """One insert, update or (``record`` None) delete, as it happened in ``version``."""

    version: int
    entity: str
    key: str
    record: RecordDict | None


@dataclass(frozen=True, slots=True)
class ChangeBatch:
    """Every change after the version asked for, up to and including version ``to``, in commit order."""

    lineage: str
    to: int
    changes: list[Change]


class ChangesetWriter:
    """Writes the changes of one unit of work as they happen, and its version at the very end."""

    def __init__(self, connection: Connection, tables: SystemTables) -> None:
        self._connection = connection
        self._tables = tables
        self._changeset = new_uuid()
        self._size = 0
        self._pending: list[dict[str, Any]] = []
        self._closed = False

    def append(self, entity: str, key: str, record: RecordDict | None) -> None:
        if self._closed:
            raise RuntimeError("this unit of work has its version already")
        self._pending.append(
            {"changeset": self._changeset, "position": self._size, "entity": entity, "key": key, "record": record}
        )
        self._size += 1
        if len(self._pending) >= _FLUSH:
            self.flush()

    def append_rows(self, writer: BulkWriter, entity: str, rows: Sequence[tuple[str, str | None]]) -> None:
        """Many changes of one entity at once: (key, record as JSON text or None)."""
        self.flush()
        writer.log([(self._changeset, self._size + n, entity, key, text) for n, (key, text) in enumerate(rows)])
        self._size += len(rows)

    def hold(self) -> None:
        """Let no other writer take a version number before this transaction ends."""
        if self._connection.dialect.name == "postgresql":
            self._connection.exec_driver_sql(_TAKE_VERSION_LOCK_SQL, {"class": _LOCK_CLASS})

    def flush(self) -> None:
        if self._pending:
            self._connection.execute(insert(self._tables.changes), self._pending)
            self._pending = []

    def close(self, actor: str, now: float) -> Version | None:
        """Take the next version number for this changeset and commit; SQLite leaves that to the caller, who does it at
        once. None when nothing changed.

        From here to the commit the version lock is held, so numbers become visible in their order: a reader that saw
        number N has seen every smaller one. The lock ends with the transaction, however that ends.
        """
        self._closed = True
        if not self._size:
            return None
        values = {"changeset": self._changeset, "size": self._size, "actor": actor, "now": now}
        if self._connection.dialect.name == "postgresql":
            number, lineage = self._commit_in_one_go(values)
        else:
            self.flush()
            number, lineage = self._connection.execute(_INSERT_VERSION, values).one()[:2]
        if lineage is None:
            raise NeedsBootstrap
        return Version(lineage, number)

    def _commit_in_one_go(self, values: dict[str, Any]) -> tuple[int, str | None]:
        """What waits, the lock, the number and COMMIT, sent together: one round trip, and no other writer has to wait
        for one of ours while we hold the lock."""
        rows, self._pending = self._pending, []
        driver: Any = self._connection.connection.driver_connection
        with driver.pipeline(), driver.cursor() as cursor:
            for row in rows:
                record = None if row["record"] is None else orjson.dumps(row["record"]).decode()
                driver.execute(_INSERT_CHANGE, {**row, "record": record})
            driver.execute(_TAKE_VERSION_LOCK_SQL, {"class": _LOCK_CLASS})
            cursor.execute(_INSERT_AND_NOTIFY, values)
            driver.execute("COMMIT")
            found = cursor.fetchone()
        return found[0], found[1]


def current_version(connection: Connection, tables: SystemTables) -> Version:
    newest = select(func.max(tables.versions.c.number)).scalar_subquery()
    row = connection.execute(select(tables.lineage.c.id, func.coalesce(newest, 0))).one_or_none()
    if row is None:
        raise NeedsBootstrap
    return Version(row[0], row[1])


def changes_after(connection: Connection, tables: SystemTables, number: int, limit: int) -> ChangeBatch | None:
    """Whole versions after ``number``: about ``limit`` changes, but always one version, when there is one.

    None when the log does not reach back to ``number``, when ``number`` is ahead of the log, or when the next version
    has more than LARGEST changes.
    """
    versions = tables.versions.c
    oldest, newest, lineage = connection.execute(
        select(func.min(versions.number), func.max(versions.number), select(tables.lineage.c.id).scalar_subquery())
    ).one()
    if lineage is None:
        raise NeedsBootstrap
    if number > (newest or 0) or number < (oldest or 1) - 1:
        return None
    rows = connection.execute(
        select(versions.number, versions.size).where(versions.number > number).order_by(versions.number).limit(limit)
    ).all()
    if rows and rows[0].size > LARGEST:
        return None
    to = _reach(number, [(row.number, row.size) for row in rows], limit)
    return ChangeBatch(lineage, to, _between(connection, tables, number, to) if to > number else [])


def touched_after(connection: Connection, tables: SystemTables, number: int) -> set[tuple[str, str]]:
    """(entity, key) of everything that versions after ``number`` have changed."""
    versions, changes = tables.versions.c, tables.changes.c
    rows = connection.execute(
        select(changes.entity, changes.key)
        .join(tables.versions, changes.changeset == versions.changeset)
        .where(versions.number > number)
    )
    return {(row.entity, row.key) for row in rows}


def _reach(number: int, sizes: Sequence[tuple[int, int]], limit: int) -> int:
    """The last version of a batch: as many whole ones as ``limit`` changes allow, but at least one."""
    total = 0
    to = number
    for version, size in sizes:
        total += size
        if to > number and total > limit:
            break
        to = version
    return to


def _between(connection: Connection, tables: SystemTables, after: int, to: int) -> list[Change]:
    versions, changes = tables.versions.c, tables.changes.c
    rows = connection.execute(
        select(versions.number, changes.entity, changes.key, changes.record)
        .join(tables.changes, changes.changeset == versions.changeset)
        .where(versions.number > after, versions.number <= to)
        .order_by(versions.number, changes.position)
    )
    return [Change(*row) for row in rows]


def prune(connection: Connection, tables: SystemTables, keep: int) -> int:
    """Forget all but the newest ``keep`` versions (at least one: numbers must go on). Returns how many went."""
    versions = tables.versions
    newest = connection.execute(select(func.max(versions.c.number))).scalar_one()
    cut = (newest or 0) - max(keep, 1)
    if cut <= 0:
        return 0
    old = select(versions.c.changeset).where(versions.c.number <= cut)
    connection.execute(tables.changes.delete().where(tables.changes.c.changeset.in_(old)))
    return connection.execute(versions.delete().where(versions.c.number <= cut)).rowcount
