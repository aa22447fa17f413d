"""How far a database is migrated, and whether this program may run on it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, inspect, text

from gwctl.store.config import DatabaseConfig
from gwctl.store.engine import open_engine
from gwctl.store.errors import (
    DatabaseCorrupt,
    NeedsBootstrap,
    NewerDatabase,
    NewMigrations,
)
from gwctl.store.faults import connecting, translated
from gwctl.store.migrations.scripts import FINISH, MigrationScripts

SUBSYSTEM = "core"
NAMESPACE = "gwctl.migrations.core"
VERSION_TABLE = "gwctl_migrations"
"""Alembic's own table; its usual name may be taken by another program."""

_log = logging.getLogger("gwctl.store")


@dataclass(frozen=True, slots=True)
class MigrationState:
    """Names of migrations: both phases done, first phase done, not begun, and known only to a newer version."""

    needs_bootstrap: bool = False
    executed: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def status(self) -> dict[str, Any]:
        """The object that ``migrations status`` prints; a kind without migrations has no key."""
        kinds = {
            "executed_migrations": self.executed,
            "pending_migrations": self.pending,
            "missing_migrations": self.missing,
            "new_migrations": self.new,
        }
        listed = {
            kind: [{"subsystem": SUBSYSTEM, "namespace": NAMESPACE, "migrations": list(names)}]
            for kind, names in kinds.items()
            if names
        }
        return {"needs_bootstrap": self.needs_bootstrap, **listed}


def read_state(connection: Connection, scripts: MigrationScripts) -> MigrationState:
    """The state of the database behind ``connection``."""
    heads = read_heads(connection)
    if not heads:
        return MigrationState(needs_bootstrap=True, new=tuple(each.name for each in scripts.migrations))
    applied = scripts.applied(heads)
    begun = [each for each in scripts.migrations if each.name in applied]
    pending = tuple(each.name for each in begun if each.contract is not None and each.contract not in applied)
    return MigrationState(
        executed=tuple(each.name for each in begun if each.name not in pending),
        pending=pending,
        new=tuple(each.name for each in scripts.migrations if each.name not in applied),
        missing=scripts.unknown(heads),
    )


def read_heads(connection: Connection) -> tuple[str, ...]:
    """The newest revision of each branch, as Alembic noted them; empty before bootstrap."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return ()
    return tuple(connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE} ORDER BY 1")).scalars())  # noqa: S608


def open_state(config: DatabaseConfig, scripts: MigrationScripts) -> MigrationState:
    """The state of the database at ``config``; a SQLite file that does not exist is not made."""
    try:
        engine = open_engine(config, pooled=False)
    except NeedsBootstrap:
        return MigrationState(needs_bootstrap=True, new=tuple(each.name for each in scripts.migrations))
    with connecting(config):
        connection = engine.connect()
    with translated(config), connection:
        return read_state(connection, scripts)


def require_current(config: DatabaseConfig, *, scripts: MigrationScripts | None = None) -> None:
    """Return when a node may start on this database; with ``database=off`` always.

    Raises NeedsBootstrap, NewMigrations, NewerDatabase, DatabaseCorrupt or DatabaseUnavailable. Pending second phases
    are no obstacle: they wait for older nodes to go.
    """
    if config.kind == "off":
        return
    state = open_state(config, scripts or MigrationScripts())
    if state.needs_bootstrap:
        raise NeedsBootstrap
    if any(name.endswith(FINISH) for name in state.missing):
        raise NewerDatabase(", ".join(state.missing))
    if state.new:
        raise NewMigrations
    if state.pending:
        _log.info("pending migrations: %s; run 'gwctl migrations finish' when ready", ", ".join(state.pending))
    if config.kind == "sqlite":
        _check_file(config)


def _check_file(config: DatabaseConfig) -> None:
    """SQLite's own look over the structure of the file."""
    engine = open_engine(config, pooled=False)
    with translated(config), engine.connect() as connection:
        verdict = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
    if verdict != "ok":
        raise DatabaseCorrupt(
            f"[SQLite error] {config.path}: {verdict.splitlines()[-1]}", hint="restore a backup of the database"
        )
