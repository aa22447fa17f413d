"""The SQL of a single insert, made once per table: writing one record must not cost what building queries costs."""

# ruff: noqa: S608 - names of tables and columns come from declarations, values are bound

from __future__ import annotations

from functools import lru_cache
from typing import Any

from gwctl.schema import RecordDict
from gwctl.store.codec import RowCodec, codec_of
from gwctl.store.tables import EntityTable

_TABLES = 512


class Statements:
    """For one table in one dialect.

    ``check`` answers one boolean per question about a new record: is its primary key taken, is each of its unique
    values taken, is each of its parents there.
    """

    def __init__(self, table: EntityTable, mark: str) -> None:
        schema = table.schema
        self.codec: RowCodec = codec_of(schema)
        columns = ", ".join(f'"{name}"' for name in self.codec.columns)
        marks = ", ".join([mark] * len(self.codec.columns))
        self.insert = f"INSERT INTO {table.table.name} ({columns}) VALUES ({marks})"
        self.unique = tuple(key for key in schema.unique if key != (schema.primary_key,))
        self.foreign = tuple(schema.foreign.items())
        own = table.table.name
        questions = [_exists(own, f'"{schema.primary_key}" = {mark}')]
        for key in self.unique:
            names = [f'"{self.codec.columns[self.codec.position[name]]}"' for name in key]
            if len(key) == 1:
                questions.append(_exists(own, f"{names[0]} = {mark}"))
            else:
                parts = (
                    f"{name} = {mark}" if schema.fields[field].required else f"coalesce({name}, '') = {mark}"
                    for field, name in zip(key, names, strict=True)
                )
                questions.append(_exists(own, " AND ".join(parts)))
        for _, foreign in self.foreign:
            questions.append(_exists(foreign.reference, f"id = {mark}"))
        self.check = f"SELECT {', '.join(questions)}"

    def check_values(self, record: RecordDict) -> tuple[Any, ...]:
        """What ``check`` asks about ``record``."""
        schema = self.codec.schema
        values = [record[schema.primary_key]]
        for key in self.unique:
            several = len(key) > 1
            for name in key:
                value = record[name]
                plain = value["id"] if value is not None and name in schema.foreign else value
                values.append("" if several and plain is None else plain)
        values += [None if record[name] is None else record[name]["id"] for name, _ in self.foreign]
        return tuple(values)


def _exists(table: str, condition: str) -> str:
    return f"EXISTS (SELECT 1 FROM {table} WHERE {condition})"


@lru_cache(maxsize=_TABLES)
def statements_of(table: EntityTable, mark: str) -> Statements:
    """Made when first asked for."""
    return Statements(table, mark)
