"""Vendor exceptions end here: everything SQLAlchemy, sqlite3 and psycopg raise becomes a StoreError."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg
from sqlalchemy import exc

from gwctl.store.config import DatabaseConfig
from gwctl.store.errors import DatabaseBusy, DatabaseCorrupt, DatabaseUnavailable, NeedsBootstrap, StoreError

_PG = "[PostgreSQL error] "
_BUSY = (
    pg.QueryCanceled,
    pg.LockNotAvailable,
    pg.DeadlockDetected,
    pg.SerializationFailure,
    pg.TooManyConnections,
    pg.IdleInTransactionSessionTimeout,
)
_READ_ONLY = (pg.ReadOnlySqlTransaction, pg.InsufficientPrivilege)
_FULL = (pg.DiskFull, pg.OutOfMemory)
_ABSENT = (pg.UndefinedTable, pg.UndefinedColumn, pg.InvalidSchemaName)
_SERVER_PREFIX = re.compile(r"^connection failed: |^connection is bad: |^connection to server (at|on) .*?failed: ")


@contextmanager
def translated(config: DatabaseConfig) -> Iterator[None]:
    """Turn what the database libraries raise inside the block into StoreErrors."""
    try:
        yield
    except exc.TimeoutError as error:
        raise DatabaseBusy(
            f"all {config.pool_size} connections to {config.label} are in use",
            hint="raise pg_pool_size, or send fewer requests at once",
        ) from error
    except exc.DBAPIError as error:
        raise translate(error.orig or error, config) from error
    except (sqlite3.Error, psycopg.Error) as error:
        raise translate(error, config) from error


def translate(error: BaseException, config: DatabaseConfig) -> StoreError:
    """The StoreError that says the same as a vendor's ``error``."""
    if config.kind == "sqlite":
        return _from_sqlite(str(error), config)
    return _from_postgres(error, config)


def _from_sqlite(text: str, config: DatabaseConfig) -> StoreError:
    place = f"[SQLite error] {config.path}: {text}"
    if "locked" in text or "busy" in text:
        return DatabaseBusy(place, hint="another process holds the database; try again, or see who has it open")
    if "no such table" in text or "no such column" in text:
        return NeedsBootstrap()
    if "malformed" in text or "not a database" in text:
        return DatabaseCorrupt(place, hint="restore a backup of the database")
    if "full" in text:
        return DatabaseUnavailable(place, hint="free some space on the disk that holds the database")
    if "readonly" in text or "unable to open" in text or "disk I/O" in text:
        return DatabaseUnavailable(place, hint="check that the file and its directory exist and may be written")
    return StoreError(place)


def _from_postgres(error: BaseException, config: DatabaseConfig) -> StoreError:
    text = reason(error)
    if isinstance(error, _ABSENT):
        return NeedsBootstrap()
    if isinstance(error, _BUSY):
        return DatabaseBusy(_PG + text, hint="the database is busy; try again, or raise pg_timeout")
    if isinstance(error, _FULL):
        return DatabaseUnavailable(_PG + text, hint="free some space on the database server")
    if isinstance(error, _READ_ONLY):
        return DatabaseUnavailable(
            _PG + text, hint=f"user {config.user!r} must be able to write to database {config.name!r}"
        )
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return DatabaseUnavailable(_PG + text, hint=_connection_hint(text, config))
    return StoreError(_PG + text)


@contextmanager
def connecting(config: DatabaseConfig) -> Iterator[None]:
    """As ``translated``, for the first connection of a process: the reference's words for a database that is down
    (observed.md 5)."""
    try:
        with translated(config):
            yield
    except DatabaseUnavailable as error:
        if config.kind != "postgres":
            raise
        text = error.message.removeprefix(_PG)
        raise DatabaseUnavailable(
            f"{_PG}failed to retrieve PostgreSQL server_version_num: {text}", hint=error.hint
        ) from error


def reason(error: BaseException) -> str:
    """One line of a psycopg error, without libpq's repetition of the address."""
    line = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__).strip()
    while True:
        shorter = _SERVER_PREFIX.sub("", line)
        if shorter == line:
            break
        line = shorter
    return line[0].lower() + line[1:] if line.startswith(("Connection ", "Timeout ", "No ")) else line


def _connection_hint(text: str, config: DatabaseConfig) -> str:
    if "authentication" in text or "no password" in text:
        return "check pg_user and pg_password"
    if "does not exist" in text:
        return f"create it first, or check pg_database ({config.name}) and pg_user ({config.user})"
    if "SSL" in text or "certificate" in text:
        return "check pg_ssl and pg_ssl_verify"
    return f"is PostgreSQL running at {config.host}:{config.port}? check pg_host and pg_port"
