"""Engines: how this program opens SQLite and PostgreSQL connections."""

from __future__ import annotations

import math
import os
import select
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, exc
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, QueuePool

from gwctl.store.config import DatabaseConfig
from gwctl.store.errors import NeedsBootstrap, StoreError

WRITE = "gwctl_write"
"""Execution option of a SQLite connection whose next transaction writes (it begins with BEGIN IMMEDIATE)."""

SQLITE_BUSY_SECONDS = 10
"""How long a writer waits for writers of other processes before ``database is locked``."""

IDLE_IN_TRANSACTION_SECONDS = 60
"""PostgreSQL ends the transaction of a process that holds it idle for so long (stopped, or its host gone)."""

POOL_WAIT_SECONDS = 5.0

ASKED_AFTER_SECONDS = 5.0
"""A pooled connection that was idle for longer is asked whether it still leads to a server."""


def open_engine(config: DatabaseConfig, *, pooled: bool = True, create: bool = False) -> Engine:
    """An engine for ``config`` that connects lazily.

    Without ``pooled`` it keeps no connection; ``create`` lets SQLite make its file.
    Raises NeedsBootstrap when a SQLite file is asked for that does not exist.
    """
    if config.kind == "sqlite":
        return _sqlite(config, pooled, create)
    if config.kind == "postgres":
        return _postgres(config, pooled)
    raise StoreError(f"no database is configured (database={config.kind})", hint="set database to sqlite or postgres")


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def _pooling(config: DatabaseConfig, pooled: bool) -> dict[str, Any]:
    if not pooled:
        return {"poolclass": NullPool}
    return {
        "poolclass": QueuePool,
        "pool_size": config.pool_size,
        "max_overflow": 0,
        "pool_timeout": POOL_WAIT_SECONDS,
    }


def _sqlite(config: DatabaseConfig, pooled: bool, create: bool) -> Engine:
    if config.path is None:
        raise StoreError("the SQLite database has no path", hint="set prefix or GWCTL_HOME")
    path = config.path
    if create:
        _create_file(path)
    elif not path.exists():
        raise NeedsBootstrap
    uri = f"file:{quote(str(path))}?mode=rw&uri=true"
    engine = create_engine(
        f"sqlite:///{uri}",
        connect_args={"timeout": SQLITE_BUSY_SECONDS, "check_same_thread": False},
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
        **_pooling(config, pooled),
    )
    event.listen(engine, "connect", _prepare_sqlite)
    _FileWatch(path).attach(engine)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _create_file(path: Path) -> None:
    """Make an empty database file that only its owner may read; its WAL inherits the mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreError(
            f"cannot create the database {path}: {error.strerror}", hint="choose another place with -p or GWCTL_HOME"
        ) from error


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where SQLAlchemy says, not where sqlite3 guesses
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


class _FileWatch:
    """Leaves a connection whose file was removed or replaced: what it writes would be gone with it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def attach(self, engine: Engine) -> None:
        event.listen(engine, "connect", self._connected)
        event.listen(engine, "checkout", self._checked_out)

    def _connected(self, _connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        record.info["file"] = self._file()

    def _checked_out(self, _connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        if record.info["file"] != self._file():
            raise exc.InvalidatePoolError(f"{self._path} is another file now")

    def _file(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        return status.st_dev, status.st_ino


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITE)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def postgres_parameters(config: DatabaseConfig) -> dict[str, Any]:
    """libpq connection parameters; used by the pool and by the listener (whose socket is its own)."""
    mode = "disable"
    if config.ssl:
        mode = "verify-full" if config.ssl_verify else "require"
    parameters: dict[str, Any] = {
        "host": config.host,
        "port": config.port,
        "user": config.user,
        "dbname": config.name,
        "sslmode": mode,
        "connect_timeout": max(2, math.ceil(config.timeout)),
        "application_name": "gwctl",
        "client_encoding": "utf8",
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": max(config.timeout_ms, 10_000),
    }
    if config.ssl_verify and config.ssl:
        parameters["sslrootcert"] = str(config.ssl_roots or "system")
    if config.password is not None:
        parameters["password"] = config.password
    return parameters


def session_settings(config: DatabaseConfig) -> str:
    """The SET statements of a fresh PostgreSQL connection: time limits, and the schema when one is named."""
    statements = [
        f"SET statement_timeout = {config.timeout_ms}",
        f"SET lock_timeout = {config.timeout_ms}",
        f"SET idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION_SECONDS}s'",
    ]
    if config.schema:
        quoted = config.schema.replace('"', '""')
        statements.append(f'SET search_path TO "{quoted}"')
    return "; ".join(statements)


class _Liveness:
    """Leaves pooled connections that have ended, without asking the server each time.

    A connection that the server has closed is readable, which costs no round trip to see; one that was idle for long,
    and so may lead to a host that is gone, is asked.
    """

    def attach(self, engine: Engine) -> None:
        event.listen(engine, "checkin", self._used)
        event.listen(engine, "checkout", self._checked_out)

    def _used(self, _connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        record.info["used"] = time.monotonic()

    def _checked_out(self, connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        used = record.info.get("used")
        if used is None:
            return
        driver: Any = connection
        try:
            if select.select([driver.fileno()], [], [], 0)[0]:
                raise exc.DisconnectionError("the connection has ended")
            if time.monotonic() - used > ASKED_AFTER_SECONDS:
                driver.execute("SELECT 1")
                driver.rollback()
        except (psycopg.Error, OSError, ValueError) as error:
            raise exc.DisconnectionError("the connection has ended") from error


def _postgres(config: DatabaseConfig, pooled: bool) -> Engine:
    settings = session_settings(config)
    engine = create_engine(
        URL.create("postgresql+psycopg"),
        connect_args=postgres_parameters(config),
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
        **_pooling(config, pooled),
    )
    if pooled:
        _Liveness().attach(engine)

    @event.listens_for(engine, "connect")
    def _prepare(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(settings)
        cursor.close()
        connection.commit()

    return engine
