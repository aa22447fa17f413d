"""BulkUnit: a prepared changeset of any size inside a unit of work, all or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import psycopg
from sqlalchemy import Connection

from gwctl.store.bulk import BulkWriter, in_chunks
from gwctl.store.change_log import ChangesetWriter, touched_after
from gwctl.store.codec import Image
from gwctl.store.errors import Overtaken
from gwctl.store.tables import Tables

Progress = Callable[[int], None]
"""Told how many records were just written."""


class WrittenRow(Protocol):
    """A record in the compact forms of its table, of the change log (JSON text) and of the tags."""

    @property
    def key(self) -> str: ...

    @property
    def image(self) -> Image: ...

    @property
    def text(self) -> str: ...

    @property
    def tags(self) -> Sequence[str]: ...


class BulkUnit:
    """Made by ``UnitOfWork.bulk_write``. What is written was validated and planned before.

    Each method raises Overtaken when the database holds something that the plan did not know; then the unit of work
    must not be committed.
    """

    def __init__(self, connection: Connection, tables: Tables, log: ChangesetWriter) -> None:
        self._connection = connection
        self._tables = tables
        self._log = log
        self._writer = BulkWriter(connection, tables)

    def park(self, entity: str, column: str, keys: Sequence[str]) -> None:
        """Free the unique values that ``column`` of these records holds, for others to take."""
        with _overtaken():
            self._writer.park(self._tables[entity], column, keys)

    def create(self, entity: str, rows: Sequence[WrittenRow], wrote: Progress) -> None:
        """Insert new records."""
        table = self._tables[entity]

        def write(chunk: Sequence[WrittenRow]) -> None:
            with _overtaken():
                self._writer.insert(table, [row.image for row in chunk])
                tagged = [(row.key, row.tags) for row in chunk if row.tags]
                self._writer.replace_tags(table.schema, tagged, fresh=True)
                self._append(entity, [(row.key, row.text) for row in chunk])

        in_chunks(rows, write, wrote)

    def update(self, entity: str, rows: Sequence[WrittenRow], retagged: set[str], wrote: Progress) -> None:
        """Replace records; ``retagged`` are the keys of those whose tags are other ones now."""
        table = self._tables[entity]

        def write(chunk: Sequence[WrittenRow]) -> None:
            with _overtaken():
                self._writer.update(table, [row.image for row in chunk])
                tagged = [(row.key, row.tags) for row in chunk if row.key in retagged]
                self._writer.replace_tags(table.schema, tagged, fresh=False)
                self._append(entity, [(row.key, row.text) for row in chunk])

        in_chunks(rows, write, wrote)

    def delete(self, entity: str, keys: Sequence[str], wrote: Progress) -> None:
        """Delete records to which nothing refers any more."""
        table = self._tables[entity]

        def write(chunk: Sequence[str]) -> None:
            with _overtaken():
                self._writer.replace_tags(table.schema, [(key, ()) for key in chunk], fresh=False)
                self._writer.delete(table, chunk)
                self._append(entity, [(key, None) for key in chunk])

        in_chunks(keys, write, wrote)

    def check_untouched(self, number: int, keys: set[tuple[str, str]], *, last: bool) -> None:
        """Raise Overtaken when a version after ``number`` has changed one of ``keys`` (entity, key).

        With ``last`` nobody commits between this and the end of the transaction; nothing may be written after it.
        """
        if last:
            self._log.flush()
            self._log.hold()
        if not keys.isdisjoint(touched_after(self._connection, self._tables.system, number)):
            raise _refusal()

    def _append(self, entity: str, rows: Sequence[tuple[str, str | None]]) -> None:
        if self._tables[entity].schema.exported:
            self._log.append_rows(self._writer, entity, rows)


@contextmanager
def _overtaken() -> Iterator[None]:
    """A constraint that the plan had checked fails only when somebody else wrote meanwhile."""
    try:
        yield
    except (sqlite3.IntegrityError, psycopg.IntegrityError) as error:
        raise _refusal(str(error).partition("\n")[0]) from error


def _refusal(detail: str = "") -> Overtaken:
    told = f" ({detail})" if detail else ""
    return Overtaken(
        f"another writer changed the same records at the same time{told}, nothing was changed", hint="try again"
    )
