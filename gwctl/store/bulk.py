"""Many rows at once: streams of images to read, and set-wise inserts, updates and deletes.

SQLAlchemy's per-row machinery is left aside: the drivers get tuples (sqlite3: executemany; psycopg: COPY).
"""

# ruff: noqa: S608 - names of tables and columns come from declarations, values are bound

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from gwctl.schema import Schema
from gwctl.store.codec import Image, RowCodec, codec_of
from gwctl.store.tables import EntityTable, Tables

ROWS_AT_ONCE = 2000

_PARKED = "parked:"


class BulkRows:
    """Streams of one transaction, made by ``Reads.bulk``. Rows are images (`gwctl.store.codec`)."""

    def __init__(self, connection: Connection, tables: Tables) -> None:
        self._connection = connection
        self._tables = tables
        self._postgres = connection.dialect.name == "postgresql"
        self._cursors = itertools.count(1)
        if not connection.in_transaction():
            connection.begin()  # the driver is used below SQLAlchemy, which would begin late

    def codec(self, entity: str) -> RowCodec:
        return codec_of(self._tables[entity].schema)

    def keys(self, entity: str) -> set[str]:
        """All primary keys."""
        table = self._tables[entity]
        return {row[0] for row in self._stream(f"SELECT {_quoted(table.schema.primary_key)} FROM {table.table.name}")}

    def images(self, entity: str) -> Iterator[Image]:
        """Every row in the order of the primary key; memory holds a few thousand at a time."""
        table = self._tables[entity]
        codec = self.codec(entity)
        columns = ", ".join(self._text(codec, place, name) for place, name in enumerate(codec.columns))
        key = _quoted(table.schema.primary_key)
        yield from self._stream(f"SELECT {columns} FROM {table.table.name} ORDER BY {key}")

    def count(self, entities: Iterable[str]) -> int:
        """How many records there are of these entities together."""
        return sum(
            next(self._stream(f"SELECT count(*) FROM {self._tables[entity].table.name}"))[0] for entity in entities
        )

    def _text(self, codec: RowCodec, place: int, name: str) -> str:
        quoted = _quoted(name)
        return f"CAST({quoted} AS TEXT)" if self._postgres and place in codec.json_columns else quoted

    def _stream(self, statement: str) -> Iterator[Image]:
        cursor = _driver(self._connection).cursor(**self._named())
        try:
            cursor.execute(statement)
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                yield from rows
        finally:
            cursor.close()

    def _named(self) -> dict[str, Any]:
        """PostgreSQL sends everything at once unless the cursor has a name."""
        return {"name": f"gwctl_{next(self._cursors)}"} if self._postgres else {}


class BulkWriter:
    """Set-wise writes of one transaction; constraints of the database are the last word (IntegrityError)."""

    def __init__(self, connection: Connection, tables: Tables) -> None:
        self._tables = tables
        self._postgres = connection.dialect.name == "postgresql"
        self._driver = _driver(connection)

    def insert(self, table: EntityTable, images: Sequence[Image]) -> None:
        self._insert(table.table.name, codec_of(table.schema).columns, images)

    def update(self, table: EntityTable, images: Sequence[Image]) -> None:
        """Replace the rows whose primary keys the images have."""
        codec = codec_of(table.schema)
        names = ", ".join(f"{_quoted(name)} = {self._mark}" for name in codec.columns)
        key = _quoted(table.schema.primary_key)
        statement = f"UPDATE {table.table.name} SET {names} WHERE {key} = {self._mark}"
        self._many(statement, [(*image, image[codec.key_position]) for image in images])

    def park(self, table: EntityTable, column: str, keys: Sequence[str]) -> None:
        """Free the values of a unique column until the rows are updated or deleted."""
        key = _quoted(table.schema.primary_key)
        statement = f"UPDATE {table.table.name} SET {_quoted(column)} = {self._mark} WHERE {key} = {self._mark}"
        self._many(statement, [(_PARKED + each, each) for each in keys])

    def delete(self, table: EntityTable, keys: Sequence[str]) -> None:
        """Delete the rows with these primary keys; what is gone already stays gone."""
        key = _quoted(table.schema.primary_key)
        self._many(f"DELETE FROM {table.table.name} WHERE {key} = {self._mark}", [(each,) for each in keys])

    def replace_tags(self, schema: Schema, tags: Iterable[tuple[str, Sequence[str]]], *, fresh: bool) -> None:
        """Write the tags of records, (key, tags) each; those that they had go unless the records are ``fresh``."""
        pairs = list(tags)
        if not fresh and pairs:
            statement = f"DELETE FROM tags WHERE entity_id = {self._mark} AND entity_name = {self._mark}"
            self._many(statement, [(key, schema.name) for key, _ in pairs])
        rows = [(key, position, schema.name, tag) for key, names in pairs for position, tag in enumerate(names, 1)]
        self._insert("tags", ("entity_id", "ord", "entity_name", "tag"), rows)

    def log(self, rows: Sequence[tuple[str, int, str, str, str | None]]) -> None:
        """Append (changeset, position, entity, key, record text) to the change log."""
        self._insert("changes", ("changeset", "position", "entity", "key", "record"), rows)

    @property
    def _mark(self) -> str:
        return "%s" if self._postgres else "?"

    def _insert(self, table: str, columns: Sequence[str], rows: Sequence[Image]) -> None:
        if not rows:
            return
        names = ", ".join(map(_quoted, columns))
        if self._postgres:
            with self._driver.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join("?" * len(columns))
        self._many(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)

    def _many(self, statement: str, rows: Sequence[Image]) -> None:
        if rows:
            cursor = self._driver.cursor()
            try:
                cursor.executemany(statement, rows)
            finally:
                cursor.close()


def in_chunks(rows: Sequence[Any], write: Callable[[Sequence[Any]], None], wrote: Callable[[int], None]) -> None:
    """Give ``rows`` to ``write`` in bounded pieces, and the size of each to ``wrote``."""
    for start in range(0, len(rows), ROWS_AT_ONCE):
        chunk = rows[start : start + ROWS_AT_ONCE]
        write(chunk)
        wrote(len(chunk))


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _quoted(name: str) -> str:
    return f'"{name}"'
