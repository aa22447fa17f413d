"""Records that have ended: no read finds them, and they are deleted like any others (admin-api.md 1.10)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, or_, select

from gwctl.schema.expiry import TTL
from gwctl.store.tables import EntityTable

AT_ONCE = 500


def alive(table: EntityTable, now: float) -> list[ColumnElement[bool]]:
    """What holds for the rows of ``table`` that have not ended at ``now``; nothing for entities without an end."""
    if not table.schema.ttl:
        return []
    end = table.table.c[TTL]
    return [or_(end.is_(None), end > now)]


def ended(connection: Connection, table: EntityTable, now: float) -> Sequence[str]:
    """The keys of up to ``AT_ONCE`` records that have ended, the earliest first."""
    end = table.table.c[TTL]
    query = select(table.key).where(end <= now).order_by(end).limit(AT_ONCE)
    return connection.execute(query).scalars().all()
