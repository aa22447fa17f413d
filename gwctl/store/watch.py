"""VersionWatch: to be woken when the change log may have grown, whoever wrote it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import quote

import psycopg

from gwctl.kit.backoff import Backoff
from gwctl.observe.logs import NOTICE
from gwctl.store.change_log import CHANNEL
from gwctl.store.config import DatabaseConfig
from gwctl.store.engine import postgres_parameters, session_settings
from gwctl.store.faults import reason

_log = logging.getLogger("gwctl.store")

POLL_SECONDS = 0.025
"""How often the watch of SQLite asks; a commit of any process is seen within twice that."""

_FIRST_RETRY, _LAST_RETRY = 0.2, 5.0


class VersionWatch:
    """An asynchronous context whose ``wait`` returns when the change log may have grown.

    It never raises because of the database: without a connection it makes a new one by and by, and after each new
    connection ``wait`` returns once, because commits may have been missed. Callers ask for the version themselves.
    """

    def __init__(self, config: DatabaseConfig) -> None:
        self._source: _Source = _SqliteSource(config) if config.kind == "sqlite" else _PostgresSource(config)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._source.close()

    async def wait(self, timeout: float) -> None:  # noqa: ASYNC109 - passed on to libpq, which loses no notification
        """Return when there may be news, at the latest after ``timeout`` seconds."""
        await self._source.news(timeout)


class _Source(Protocol):
    async def news(self, seconds: float) -> None: ...
    async def close(self) -> None: ...


class _SqliteSource:
    """``PRAGMA data_version`` of one connection changes when any other connection of any process commits."""

    def __init__(self, config: DatabaseConfig) -> None:
        self._path = config.path or Path()
        self._connection: sqlite3.Connection | None = None
        self._inode: int | None = None
        self._seen: int | None = None

    async def news(self, seconds: float) -> None:
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        while not self._changed() and (left := end - clock()) > 0:  # noqa: ASYNC110 - SQLite cannot call anybody
            await asyncio.sleep(min(POLL_SECONDS, left))

    async def close(self) -> None:
        self._drop()

    def _changed(self) -> bool:
        """Microseconds of work; a file that is not there (yet, or for a moment) has no news."""
        try:
            inode = os.stat(self._path).st_ino
            if self._connection is None or inode != self._inode:
                self._connection = self._open()
                self._inode = inode
            version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        except (OSError, sqlite3.Error):
            self._drop()
            return False
        seen, self._seen = self._seen, version
        return bool(seen != version)

    def _open(self) -> sqlite3.Connection:
        self._drop()
        uri = f"file:{quote(str(self._path))}?mode=rw"
        return sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None, check_same_thread=False)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._seen = None


class _PostgresSource:
    """LISTEN on a connection of its own, outside every pool."""

    def __init__(self, config: DatabaseConfig) -> None:
        self._config = config
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._attempt: asyncio.Task[psycopg.AsyncConnection[Any]] | None = None
        self._backoff = Backoff(_FIRST_RETRY, _LAST_RETRY)
        self._pause = 0.0

    async def news(self, seconds: float) -> None:
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        while (left := end - clock()) > 0:
            if self._connection is None:
                self._connection = await self._connected(left)
                if self._connection is not None:
                    return
            elif await self._notified(self._connection, left):
                return

    async def close(self) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.cancel()
            await asyncio.gather(attempt, return_exceptions=True)
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                await connection.close()

    async def _notified(self, connection: psycopg.AsyncConnection[Any], seconds: float) -> bool:
        """True after one notification (those that came together with it are the same news) or a broken connection."""
        try:
            async for _ in connection.notifies(timeout=seconds, stop_after=1):
                return True
        except (psycopg.Error, OSError) as error:
            await self.close()
            self._failed(error)
        return False

    async def _connected(self, seconds: float) -> psycopg.AsyncConnection[Any] | None:
        """A new connection, or None; an attempt goes on while nobody waits."""
        if self._attempt is None:
            self._attempt = asyncio.create_task(self._connect(self._pause), name="listen for versions")
        done, _ = await asyncio.wait({self._attempt}, timeout=seconds)
        if not done:
            return None
        attempt, self._attempt = self._attempt, None
        try:
            connection = attempt.result()
        except (psycopg.Error, OSError) as error:
            self._failed(error)
            return None
        if self._pause:
            _log.log(NOTICE, "listening for new versions again")
        self._pause = 0.0
        self._backoff.reset()
        return connection

    def _failed(self, error: Exception) -> None:
        level = logging.DEBUG if self._pause else logging.WARNING
        self._pause = self._backoff.next()
        _log.log(level, "cannot listen for new versions: %s", reason(error))

    async def _connect(self, pause: float) -> psycopg.AsyncConnection[Any]:
        await asyncio.sleep(pause)
        connection = await psycopg.AsyncConnection.connect(**postgres_parameters(self._config), autocommit=True)
        try:
            await connection.execute(session_settings(self._config).encode())
            await connection.execute(f"LISTEN {CHANNEL}".encode())
        except BaseException:
            await connection.close()
            raise
        return connection
