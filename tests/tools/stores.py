"""The databases a store runs on, for tests that hold on each of them.

``database_config`` is an empty database and ``store`` a bootstrapped one, once on SQLite and once on PostgreSQL. Copies
of a bootstrapped database are cheap, so they share a lineage; a test about lineages bootstraps for itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gwctl.entities.catalog import Catalog, node_catalog
from gwctl.plugins.bundled import bundled_schemas
from gwctl.store import DatabaseConfig, MigrationRunner, Store
from tests.tools.postgres import RunningPostgres

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


class ManualClock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self, now: float = 1_800_000_000.25) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time


def bootstrap(config: DatabaseConfig, **options: Any) -> list[str]:
    """Bootstrap a database; returns the lines it told."""
    return [step.text for step in MigrationRunner(config, **options).bootstrap()]


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return node_catalog(bundled_schemas().values())


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database_config(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> DatabaseConfig:
    """An empty database."""
    if database_kind == "sqlite":
        return DatabaseConfig(path=tmp_path / "gwctl.db")
    config: DatabaseConfig = request.getfixturevalue("database").config()
    return config


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "gwctl.db"
    bootstrap(DatabaseConfig(path=path))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: RunningPostgres) -> str:
    database = postgres.create_database("bootstrapped")
    bootstrap(database.config())
    return database.name


@pytest.fixture
def bootstrapped(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[DatabaseConfig]:
    """A bootstrapped database without records."""
    if database_kind == "sqlite":
        path = tmp_path / "gwctl.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield DatabaseConfig(path=path)
        return
    postgres: RunningPostgres = request.getfixturevalue("postgres")
    database = postgres.create_database(template=request.getfixturevalue("postgres_template"))
    yield database.config()
    postgres.drop_database(database)


@pytest.fixture
def store(bootstrapped: DatabaseConfig, catalog: Catalog, clock: ManualClock) -> Iterator[Store]:
    """A store on ``bootstrapped``."""
    opened = Store.open(bootstrapped, catalog, clock)
    yield opened
    opened.close()
