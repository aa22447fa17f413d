"""Keys between records: resolving references, finding clashes, and naming what a constraint of the database refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from sqlalchemy import Connection, exc, literal, select

from gwctl.schema import EntityError, RecordDict, Schema
from gwctl.store.reads import condition
from gwctl.store.statements import Statements
from gwctl.store.tables import EntityTable, Tables, column_name

MAX_INDEXED_BYTES = 2048
"""Longest text in a unique field: PostgreSQL's indexes end a little above it."""

_TOO_LONG = f"length must be at most {MAX_INDEXED_BYTES} bytes"


def resolve_references(connection: Connection, tables: Tables, schema: Schema, record: RecordDict) -> None:
    """Replace ``{"name": …}`` by ``{"id": …}`` in the foreign fields of ``record`` (admin-api.md 0.6).

    Raises EntityError number 13 naming every reference that leads nowhere. What is no reference stays for validation.
    """
    unresolved: list[tuple[str, str, Any, str]] = []
    for name, foreign in schema.foreign.items():
        value = record.get(name)
        if not isinstance(value, Mapping) or value.get("id") is not None:
            continue
        parent = tables[foreign.reference]
        by = next(
            (key[0] for key in parent.schema.unique if len(key) == 1 and isinstance(value.get(key[0]), str)), None
        )
        if by is None:
            continue
        found = connection.execute(select(parent.key).where(condition(parent, by, value[by]))).scalar_one_or_none()
        if found is None:
            unresolved.append((name, by, value[by], foreign.reference))
        else:
            record[name] = {"id": found}
    if unresolved:
        raise EntityError.foreign_keys_unresolved(unresolved)


def check_indexable(schema: Schema, record: RecordDict) -> None:
    """Refuse text that is too long for PostgreSQL's indexes, on every database alike. Raises EntityError number 2."""
    errors: dict[str, Any] = {}
    for name in {schema.primary_key, *(name for key in schema.unique for name in key)}:
        if _too_long(record[name]):
            errors[name] = _TOO_LONG
    bad_tags = [_TOO_LONG if _too_long(tag) else None for tag in record.get("tags") or ()]
    if any(bad_tags):
        errors["tags"] = bad_tags
    if errors:
        raise EntityError.schema_violation(errors)


def _too_long(value: Any) -> bool:
    return isinstance(value, str) and len(value) * 4 > MAX_INDEXED_BYTES and len(value.encode()) > MAX_INDEXED_BYTES


def check_new(connection: Connection, statements: Statements, record: RecordDict) -> None:
    """Raises EntityError numbers 3, 5 and 4: what a new record runs into, asked in one round trip."""
    answers = connection.exec_driver_sql(statements.check, statements.check_values(record)).one()
    schema = statements.codec.schema
    if answers[0]:
        raise EntityError.primary_key_violation({schema.primary_key: record[schema.primary_key]})
    for key, taken in zip(statements.unique, answers[1:], strict=False):
        if taken:
            raise EntityError.unique_violation({name: record[name] for name in key})
    for (name, foreign), there in zip(statements.foreign, answers[1 + len(statements.unique) :], strict=True):
        if record[name] is not None and not there:
            raise EntityError.foreign_key_violation(name, record[name]["id"], foreign.reference)


def check_unique(connection: Connection, table: EntityTable, record: RecordDict, old: RecordDict | None) -> None:
    """Raises EntityError number 5 when another record holds a unique value; unchanged ones are not looked up."""
    for key in table.schema.unique:
        values = {name: record[name] for name in key}
        if len(key) == 1 and record[key[0]] is None:
            continue
        if old is not None and all(old[name] == value for name, value in values.items()):
            continue
        same = [condition(table, name, value) for name, value in values.items()]
        if connection.execute(select(literal(1)).where(*same).limit(1)).first() is not None:
            raise EntityError.unique_violation(values)


def check_foreign(
    connection: Connection, tables: Tables, schema: Schema, record: RecordDict, old: RecordDict | None
) -> None:
    """Raises EntityError number 4 when a reference points to nothing; unchanged ones are not looked up."""
    for name, foreign in schema.foreign.items():
        value = record[name]
        if value is None or (old is not None and old[name] == value):
            continue
        parent = tables[foreign.reference]
        if connection.execute(select(literal(1)).where(parent.key == value["id"])).first() is None:
            raise EntityError.foreign_key_violation(name, value["id"], foreign.reference)


def refused(error: exc.IntegrityError, schema: Schema, record: RecordDict) -> EntityError | None:
    """What writing ``record`` ran into when another transaction was faster than our checks; None when it is not known.

    Only PostgreSQL can say so: SQLite has one writer at a time, whose checks nobody overtakes.
    """
    if not isinstance(error.orig, psycopg.errors.IntegrityError):
        return None
    name = error.orig.diag.constraint_name or ""
    if name == f"{schema.name}_pkey":
        return EntityError.primary_key_violation({schema.primary_key: record[schema.primary_key]})
    for key in schema.unique:
        if name == f"{schema.name}_{'_'.join(key)}_key":
            return EntityError.unique_violation({each: record[each] for each in key})
    for field, foreign in schema.foreign.items():
        if name == f"{schema.name}_{column_name(schema, field)}_fkey" and record[field] is not None:
            return EntityError.foreign_key_violation(field, record[field]["id"], foreign.reference)
    return None
