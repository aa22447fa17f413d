"""The registry of data planes: rows that fade away by themselves (hybrid.md 8)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from gwctl.schema import RecordDict
from gwctl.store.paging import Page, check_size, decode_offset, encode_offset
from gwctl.store.tables import EntityTable

PURGE_DELAY = 1_209_600
"""Seconds a row lives after its last report unless the report says otherwise: 14 days."""


class DataPlaneRegistry:
    """``ttl`` of a row is the second at which it ends; callers give and receive the seconds that are left."""

    def __init__(self, connection: Connection, table: EntityTable, now: float) -> None:
        self._connection = connection
        self._entity = table
        self._table = table.table
        self._now = int(now)

    def record(self, row: RecordDict) -> None:
        """Write what is known of a data plane, replacing what was; ``ttl`` is the purge delay in seconds."""
        ends = self._now + int(row.get("ttl") or PURGE_DELAY)
        known = {**row, "updated_at": self._now, "ttl": ends}
        values = {name: _storable(known.get(name)) for name in self._entity.schema.fields}
        insert = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        statement = insert(self._table).values(values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=[self._entity.key], set_=values))

    def page(self, size: int, offset: str | None) -> Page:
        """Living rows by id."""
        check_size(size)
        query = self._living().order_by(self._entity.key).limit(size + 1)
        if offset is not None:
            query = query.where(self._entity.key > decode_offset(offset, (str,))[0])
        rows = self._connection.execute(query).all()
        data = [self._shown(row) for row in rows[:size]]
        return Page(data, encode_offset((data[-1]["id"],)) if len(rows) > size else None)

    def purge(self) -> int:
        """Delete the rows whose time is over; returns how many."""
        return self._connection.execute(delete(self._table).where(self._table.c.ttl <= self._now)).rowcount

    def _living(self) -> Any:
        return select(*self._entity.columns).where(self._table.c.ttl > self._now)

    def _shown(self, row: Iterable[Any]) -> RecordDict:
        record = self._entity.record(row)
        return {**record, "ttl": record["ttl"] - self._now}


def _storable(value: Any) -> Any:
    """Nodes tell their names themselves: what PostgreSQL cannot hold is left out."""
    return value.replace("\0", "") if isinstance(value, str) else value
