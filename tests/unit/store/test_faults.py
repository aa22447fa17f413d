"""Vendor errors in our words, on one line."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import psycopg
import pytest
from psycopg import errors as pg

from gwctl.store import (
    DatabaseBusy,
    DatabaseConfig,
    DatabaseCorrupt,
    DatabaseUnavailable,
    NeedsBootstrap,
    StoreError,
)
from gwctl.store.faults import connecting, reason, translated

SQLITE = DatabaseConfig(path=Path("/x/gwctl.db"))
POSTGRES = DatabaseConfig(kind="postgres", host="db", port=5433, password="secret")
_REFUSED = (
    'connection failed: connection to server at "127.0.0.1", port 5432 failed: Connection refused\n'
    "\tIs the server running on that host and accepting TCP/IP connections?"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (_REFUSED, "connection refused"),
        (
            'connection failed: connection to server at "::1", port 1 failed: FATAL:  password authentication failed',
            "FATAL:  password authentication failed",
        ),
        ("connection timeout expired\nMultiple connection attempts failed.", "connection timeout expired"),
        ('relation "services" does not exist\nLINE 1: …', 'relation "services" does not exist'),
        ("", "OperationalError"),
    ],
)
def test_the_reason_is_one_line_without_the_address(text: str, expected: str) -> None:
    assert reason(psycopg.OperationalError(text)) == expected


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (pg.QueryCanceled("canceling statement due to statement timeout"), DatabaseBusy),
        (pg.LockNotAvailable("lock"), DatabaseBusy),
        (pg.DeadlockDetected("deadlock detected"), DatabaseBusy),
        (pg.TooManyConnections("too many clients"), DatabaseBusy),
        (pg.AdminShutdown("terminating connection"), DatabaseUnavailable),
        (pg.DiskFull("no space left on device"), DatabaseUnavailable),
        (pg.ReadOnlySqlTransaction("read-only"), DatabaseUnavailable),
        (pg.InsufficientPrivilege("permission denied"), DatabaseUnavailable),
        (pg.UndefinedTable("relation"), NeedsBootstrap),
        (pg.SyntaxError("syntax error"), StoreError),
    ],
)
def test_postgres(error: psycopg.Error, kind: type[StoreError]) -> None:
    with pytest.raises(StoreError) as caught, translated(POSTGRES):
        raise error
    assert type(caught.value) is kind
    if kind is not NeedsBootstrap:
        assert str(caught.value).startswith("[PostgreSQL error] ")
        assert "secret" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("database is locked", DatabaseBusy),
        ("no such table: services", NeedsBootstrap),
        ("database disk image is malformed", DatabaseCorrupt),
        ("file is not a database", DatabaseCorrupt),
        ("database or disk is full", DatabaseUnavailable),
        ("attempt to write a readonly database", DatabaseUnavailable),
        ("unable to open database file", DatabaseUnavailable),
        ("disk I/O error", DatabaseUnavailable),
        ("something else", StoreError),
    ],
)
def test_sqlite(text: str, kind: type[StoreError]) -> None:
    with pytest.raises(StoreError) as caught, translated(SQLITE):
        raise sqlite3.OperationalError(text)
    assert type(caught.value) is kind
    if kind is not NeedsBootstrap:
        assert str(caught.value) == f"[SQLite error] /x/gwctl.db: {text}"


def test_the_first_connection_speaks_as_the_reference_does() -> None:
    with pytest.raises(DatabaseUnavailable) as caught, connecting(POSTGRES):
        raise psycopg.OperationalError(_REFUSED)
    assert str(caught.value) == (
        "[PostgreSQL error] failed to retrieve PostgreSQL server_version_num: connection refused"
    )
    assert caught.value.hint == "is PostgreSQL running at db:5433? check pg_host and pg_port"
    with pytest.raises(DatabaseUnavailable, match=r"^\[SQLite error\]"), connecting(SQLITE):
        raise sqlite3.OperationalError("unable to open database file")


def test_what_is_not_the_database_passes() -> None:
    with pytest.raises(ZeroDivisionError), translated(SQLITE):
        raise ZeroDivisionError
