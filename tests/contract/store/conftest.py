"""Fixtures of the store's databases."""

import pytest

from gwctl.entities.catalog import Catalog, core_catalog
from tests.tools.postgres import database, postgres
from tests.tools.stores import (
    bootstrapped,
    clock,
    database_config,
    database_kind,
    postgres_template,
    sqlite_template,
    store,
)


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The store's own rules are the same for plugins of any name."""
    return core_catalog()


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
