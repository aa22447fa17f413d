"""Fixtures of the store's databases."""

from tests.tools.postgres import database, postgres
from tests.tools.stores import (
    bootstrapped,
    catalog,
    clock,
    database_config,
    database_kind,
    postgres_template,
    sqlite_template,
    store,
)

__all__ = [
    "bootstrapped",
    "catalog",
    "clock",
    "database",
    "database_config",
    "database_kind",
    "postgres",
    "postgres_template",
    "sqlite_template",
    "store",
]
