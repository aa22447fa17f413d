"""Notices: what nodes on one database tell each other. Only the newest about each subject is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from gwctl.store.system_tables import SystemTables


@dataclass(frozen=True, slots=True)
class Notice:
    """``number`` grows with each notice about a subject; 0 when there was none."""

    number: int
    body: Mapping[str, Any]


NO_NOTICE = Notice(0, {})


def post(connection: Connection, tables: SystemTables, about: str, body: Mapping[str, Any]) -> int:
    """Replace the notice about that subject; returns the number of the new one."""
    table = tables.notices
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(about=about, number=1, body=dict(body))
    newer = {"number": table.c.number + 1, "body": statement.excluded.body}
    replaced = statement.on_conflict_do_update(index_elements=[table.c.about], set_=newer)
    return int(connection.execute(replaced.returning(table.c.number)).scalar_one())


def newest_of(connection: Connection, tables: SystemTables, prefix: str) -> dict[str, Notice]:
    """The newest notice about each subject that begins with ``prefix``."""
    table = tables.notices
    rows = connection.execute(
        select(table.c.about, table.c.number, table.c.body).where(table.c.about.startswith(prefix, autoescape=True))
    )
    return {about: Notice(number, body or {}) for about, number, body in rows}


def newest(connection: Connection, tables: SystemTables, about: str) -> Notice:
    """The newest notice about that subject."""
    table = tables.notices
    row = connection.execute(select(table.c.number, table.c.body).where(table.c.about == about)).one_or_none()
    return NO_NOTICE if row is None else Notice(row[0], row[1] or {})
