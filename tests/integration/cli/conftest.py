"""``gwctl`` in this process against a real Admin API, over each kind of database."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gwctl.cli.main import run
from tests.integration.admin.conftest import (
    Admin,
    admin,
    bootstrapped,
    catalog,
    database,
    database_kind,
    postgres,
    postgres_template,
    serve,
    sqlite_template,
    store,
)

__all__ = [
    "admin",
    "bootstrapped",
    "catalog",
    "database",
    "database_kind",
    "postgres",
    "postgres_template",
    "serve",
    "sqlite_template",
    "store",
]

Ran = tuple[int, str, str]
Gwctl = Callable[..., Ran]


@pytest.fixture
def gwctl(admin: Admin, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Gwctl:
    """Runs one command line: its exit code, stdout and stderr."""
    monkeypatch.setenv("GWCTL_ADMIN_URL", admin.served.url)

    def call(*words: object) -> Ran:
        code = run([str(word) for word in words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call
