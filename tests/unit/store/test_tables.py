"""Tables derived from entities."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import JSON, BigInteger, Boolean, Double, Text

from gwctl.entities.catalog import Catalog, core_catalog
from gwctl.kit.ids import new_uuid
from gwctl.schema import Entity, Reference, fields
from gwctl.store.tables import build_tables


class Parent(Entity, name="parents"):
    id: str = fields.string(uuid=True, auto=True, required=True)
    name: str | None = fields.string(unique=True)


class Child(Entity, name="children", unique=(("kind", "parent"),)):
    id: str = fields.string(uuid=True, auto=True, required=True)
    kind: str = fields.string(required=True)
    parent: Reference | None = fields.foreign("parents", on_delete="cascade")
    owner: Reference = fields.foreign("parents", required=True)
    size: int | None = fields.integer()
    ratio: float | None = fields.number()
    flag: bool | None = fields.boolean()
    words: tuple[str, ...] | None = fields.array(fields.string())
    labels: Mapping[str, str] | None = fields.map(fields.string(), fields.string())


def test_every_kind_has_its_column() -> None:
    table = build_tables(Catalog((Parent, Child)))["children"].table
    kinds = {column.name: type(column.type) for column in table.columns}
    assert kinds == {
        "id": Text,
        "kind": Text,
        "parent_id": Text,
        "owner_id": Text,
        "size": BigInteger,
        "ratio": Double,
        "flag": Boolean,
        "words": JSON,
        "labels": JSON,
    }
    assert {column.name for column in table.columns if not column.nullable} == {"id", "owner_id"}
    assert {(key.parent.name, key.target_fullname) for key in table.foreign_keys} == {
        ("parent_id", "parents.id"),
        ("owner_id", "parents.id"),
    }


def test_unique_keys_and_foreign_keys_are_indexed() -> None:
    tables = build_tables(Catalog((Parent, Child)))
    indexes = {index.name: index.unique for index in tables["children"].table.indexes}
    assert indexes == {
        "children_kind_parent_key": True,
        "children_parent_id_idx": False,
        "children_owner_id_idx": False,
    }


def test_a_record_becomes_a_row_and_comes_back() -> None:
    table = build_tables(Catalog((Parent, Child)))["children"]
    record = {
        "id": new_uuid(),
        "kind": "k",
        "parent": None,
        "owner": {"id": new_uuid()},
        "size": 1,
        "ratio": 1.5,
        "flag": True,
        "words": ["a"],
        "labels": {"a": "b"},
    }
    row = table.row(record)
    assert row["owner_id"] == record["owner"]["id"]
    assert table.record(row[column.name] for column in table.columns) == record


def test_what_is_not_stored_has_no_table() -> None:
    catalog = core_catalog()
    tables = build_tables(catalog)
    assert set(tables.entities) == {schema.name for schema in catalog if schema.stored}
    assert "tags" not in tables.entities
