"""SQL tables derived from the entities: one declaration, one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.sql.type_api import TypeEngine

from gwctl.entities.catalog import Catalog
from gwctl.schema import ABSENT, Field, RecordDict, Schema
from gwctl.store.system_tables import CONVENTION, KEY, SystemTables, reference

_TYPES: Mapping[str, type[TypeEngine[Any]]] = {
    "string": Text,
    "integer": BigInteger,
    "number": Double,
    "boolean": Boolean,
}


@dataclass(frozen=True, slots=True)
class EntityTable:
    """The table of one entity, and the way between its rows and records in stored form.

    ``columns`` stand in the order of the schema's fields. A foreign field ``x`` is the text column ``x_id``; sets,
    arrays, maps, records and free JSON are JSON columns.
    """

    schema: Schema
    table: Table
    columns: tuple[Column[Any], ...]

    @property
    def key(self) -> Column[Any]:
        """The primary key."""
        return self.table.c[self.schema.primary_key]

    def column(self, field: str) -> Column[Any]:
        """The column that holds ``field``."""
        return self.table.c[column_name(self.schema, field)]

    def row(self, record: RecordDict) -> dict[str, Any]:
        """The column values of ``record``."""
        values: dict[str, Any] = {}
        for name in self.schema.fields:
            value = record[name]
            if name in self.schema.foreign:
                values[f"{name}_id"] = value["id"] if value is not None else None
            else:
                values[name] = value
        return values

    def record(self, row: Iterable[Any]) -> RecordDict:
        """The record of a row selected with ``columns``."""
        record: RecordDict = dict(zip(self.schema.fields, row, strict=True))
        for name in self.schema.foreign:
            if record[name] is not None:
                record[name] = {"id": record[name]}
        return record

    def scalar(self, field: str, value: Any) -> Any:
        """What ``column(field)`` holds for ``value`` of a record."""
        return value["id"] if field in self.schema.foreign and value is not None else value


@dataclass(frozen=True, slots=True)
class Tables:
    """Every table of the database."""

    metadata: MetaData
    system: SystemTables
    entities: Mapping[str, EntityTable]

    def __getitem__(self, entity: str) -> EntityTable:
        return self.entities[entity]


def build_tables(catalog: Catalog) -> Tables:
    """Derive the tables of all stored entities of ``catalog``."""
    metadata = MetaData(naming_convention=CONVENTION)
    system = SystemTables(metadata)
    entities = {schema.name: _entity_table(schema, metadata) for schema in catalog if schema.stored}
    return Tables(metadata, system, entities)


def column_name(schema: Schema, field: str) -> str:
    return f"{field}_id" if field in schema.foreign else field


def _entity_table(schema: Schema, metadata: MetaData) -> EntityTable:
    columns = [_column(schema, name, field) for name, field in schema.fields.items()]
    table = Table(schema.name, metadata, *columns)
    for name, field in schema.columns.items():
        table.append_column(_column(schema, name, field))
    if schema.ttl:
        Index(f"{schema.name}_ttl_idx", table.c.ttl)
    for key in schema.unique:
        if key != (schema.primary_key,):
            _add_unique(schema, table, key)
    for name in schema.foreign:
        Index(f"{schema.name}_{name}_id_idx", table.c[f"{name}_id"])
    return EntityTable(schema, table, tuple(columns))


def _column(schema: Schema, name: str, field: Field) -> Column[Any]:
    if name == schema.primary_key:
        return Column(name, KEY, primary_key=True)
    foreign = schema.foreign.get(name)
    if foreign is not None:
        return Column(f"{name}_id", KEY, reference(foreign.reference, "id"), nullable=not foreign.required)
    kind = _TYPES.get(field.kind)
    late = name in schema.late or name in schema.columns
    filled = text(str(field.default)) if late and field.default is not ABSENT else None
    return Column(name, kind() if kind is not None else JSON(none_as_null=True), server_default=filled)


def _add_unique(schema: Schema, table: Table, key: Sequence[str]) -> None:
    """One field: nulls differ from each other, as everywhere in SQL. Several: nulls are equal, so that two global
    plugins of one name clash; an index over ``coalesce`` says that in both dialects."""
    names = [column_name(schema, field) for field in key]
    if len(key) == 1:
        table.append_constraint(UniqueConstraint(names[0]))
        return
    expressions = [
        table.c[name] if schema.fields[field].required else func.coalesce(table.c[name], text("''"))
        for field, name in zip(key, names, strict=True)
    ]
    Index(f"{schema.name}_{'_'.join(key)}_key", *expressions, unique=True)
