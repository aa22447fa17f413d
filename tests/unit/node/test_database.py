"""A database that is away stops the first start of a node, and nothing later."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from gwctl.node import database
from gwctl.node.database import require_database
from gwctl.store import DatabaseConfig, DatabaseUnavailable, NeedsBootstrap


def start(*, first: bool) -> None:
    with ThreadPoolExecutor(1) as executor:
        asyncio.run(require_database(DatabaseConfig(), executor, first=first))


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: DatabaseConfig) -> None:
        raise DatabaseUnavailable("connection refused")

    monkeypatch.setattr(database, "require_current", refuse)


@pytest.mark.usefixtures("away")
def test_the_first_start_fails_without_it() -> None:
    with pytest.raises(DatabaseUnavailable):
        start(first=True)


@pytest.mark.usefixtures("away")
def test_a_successor_starts_without_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "gwctl.node"):
        start(first=False)
    assert "starting without the database: connection refused" in caplog.text


@pytest.mark.parametrize("first", [True, False])
def test_one_that_needs_bootstrapping_is_always_an_error(monkeypatch: pytest.MonkeyPatch, first: bool) -> None:
    def refuse(_: DatabaseConfig) -> None:
        raise NeedsBootstrap

    monkeypatch.setattr(database, "require_current", refuse)
    with pytest.raises(NeedsBootstrap):
        start(first=first)
