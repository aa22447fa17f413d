"""The cluster-wide lock of migrations (hybrid.md 3.6): a row others see, and a guard that ends with its process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, Engine, delete, exc, insert, text

from gwctl.kit.clock import Clock
from gwctl.kit.ids import new_uuid
from gwctl.store.config import DatabaseConfig
from gwctl.store.engine import WRITE
from gwctl.store.errors import StoreError
from gwctl.store.system_tables import SystemTables

KEY = "migrations"
TTL = 60.0
"""Seconds after which other programs may take the row for forgotten."""

_LOCK_CLASS = 0x67776D69  # "gwmi": our half of PostgreSQL's advisory lock numbers; the other half is the schema


class MigrationLock:
    """Held for one run of migrations.

    The row alone would outlive a killed owner by its ttl; therefore the owner also holds a guard that the kernel or the
    server takes back when the process ends (a file lock beside SQLite, an advisory lock of an open transaction on
    PostgreSQL). Whoever gets the guard may remove guarded rows. A row without the guard counts until its ttl is over.
    """

    def __init__(self, config: DatabaseConfig, engine: Engine, tables: SystemTables, clock: Clock) -> None:
        self._config = config
        self._engine = engine
        self._locks = tables.locks
        self._clock = clock
        self._owner = new_uuid()

    @contextmanager
    def attempt(self) -> Iterator[bool]:
        """True inside the block when this process holds the lock, which ends with the block."""
        with self._guard() as guarded:
            taken = guarded and self._take()
            try:
                yield taken
            finally:
                if taken:
                    self._release()

    def free(self) -> bool:
        """True when nobody holds the lock."""
        with self._guard() as guarded:
            return guarded and not self._foreign_row()

    @contextmanager
    def _guard(self) -> Iterator[bool]:
        if self._config.kind == "sqlite":
            with _file_guard(f"{self._config.path}.lock") as held:
                yield held
        else:
            with self._engine.connect() as connection, connection.begin():
                yield _advisory_guard(connection, self._config.schema or "")

    def _take(self) -> bool:
        with self._transaction() as connection:
            self._locks.create(connection, checkfirst=True)
            self._forget_old(connection)
            if connection.execute(self._locks.select().where(self._locks.c.key == KEY)).first() is not None:
                return False
            row = {"key": KEY, "owner": self._owner, "ttl": self._clock.now() + TTL, "guarded": True}
            connection.execute(insert(self._locks).values(row))
        return True

    def _foreign_row(self) -> bool:
        with self._transaction() as connection:
            self._forget_old(connection)
            return connection.execute(self._locks.select().where(self._locks.c.key == KEY)).first() is not None

    def _forget_old(self, connection: Connection) -> None:
        """Expired rows, and rows of owners that died (we hold the guard, so they do not)."""
        rows = self._locks.c
        connection.execute(delete(self._locks).where(rows.key == KEY, (rows.ttl < self._clock.now()) | rows.guarded))

    def _release(self) -> None:
        with suppress(exc.DBAPIError), self._transaction() as connection:  # a reset drops the table
            connection.execute(delete(self._locks).where(self._locks.c.owner == self._owner))

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            connection = connection.execution_options(**{WRITE: True})
            with connection.begin():
                yield connection


@contextmanager
def _file_guard(path: str) -> Iterator[bool]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(f"cannot open {path}: {error.strerror}", hint="check who owns it and its directory") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _advisory_guard(connection: Connection, schema: str) -> bool:
    connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    return bool(
        connection.execute(
            text("SELECT pg_try_advisory_xact_lock(:class, hashtext(:schema))"),
            {"class": _LOCK_CLASS, "schema": schema},
        ).scalar_one()
    )
