"""What the migrations make and what the entities say are one thing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from gwctl.entities.catalog import Catalog
from gwctl.store import DatabaseConfig
from gwctl.store.engine import open_engine
from gwctl.store.migrations.state import VERSION_TABLE
from gwctl.store.tables import build_tables
from tests.tools.stores import bootstrap

_POSTGRES = {
    "columns": """
        SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default
        FROM information_schema.columns WHERE table_schema = 'public'""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
}
_SQLITE = {
    "columns": """
        SELECT t.name, c.name, c.type, c."notnull", c.dflt_value, c.pk
        FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'""",
    "references": """
        SELECT t.name, f."from", f."table", f."to", f.on_delete, f.on_update
        FROM sqlite_master t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table'""",
    "indexes": """
        SELECT t.name, i."unique", i.origin, group_concat(c.name)
        FROM sqlite_master t, pragma_index_list(t.name) i, pragma_index_info(i.name) c
        WHERE t.type = 'table' GROUP BY t.name, i.name, i."unique", i.origin""",
    "expressions": "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
}


def structure(connection: Connection, kind: str) -> dict[str, set[tuple[Any, ...]]]:
    """Everything the database says about its tables, except Alembic's own."""
    queries = _SQLITE if kind == "sqlite" else _POSTGRES
    return {
        topic: {
            tuple(" ".join(str(part).replace('"', "").split()) for part in row)
            for row in connection.execute(text(query))
            if row[0] != VERSION_TABLE
        }
        for topic, query in queries.items()
    }


@pytest.fixture
def derived_config(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> DatabaseConfig:
    """A second empty database."""
    if database_kind == "sqlite":
        return DatabaseConfig(path=tmp_path / "derived.db")
    return request.getfixturevalue("postgres").create_database().config()  # type: ignore[no-any-return]


def test_migrated_and_derived_databases_are_equal(
    database_config: DatabaseConfig, derived_config: DatabaseConfig, database_kind: str, catalog: Catalog
) -> None:
    bootstrap(database_config)
    with open_engine(database_config, pooled=False).connect() as connection:
        migrated = structure(connection, database_kind)
    with open_engine(derived_config, pooled=False, create=True).begin() as connection:
        build_tables(catalog).metadata.create_all(connection)
        derived = structure(connection, database_kind)
    assert min(len(found) for found in migrated.values()) > 5
    for topic in migrated:
        assert migrated[topic] - derived[topic] == set(), topic
        assert derived[topic] - migrated[topic] == set(), topic
