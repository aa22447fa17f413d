"""What data planes report reaches the database, newest row only, also after the database was away."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gwctl.kit.errors import GwctlError
from gwctl.node import ledger as ledger_module
from gwctl.node.ledger import Ledger


class Database:
    """Keeps rows in the order they were written; refuses while ``down``, waits while ``held``."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.down = False
        self.refused = 0
        self.free = threading.Event()
        self.free.set()

    def record(self, row: dict[str, Any]) -> None:
        assert self.free.wait(10)
        if self.down:
            self.refused += 1
            raise GwctlError("connection refused")
        if row.get("broken"):
            raise ZeroDivisionError("a mistake of ours")
        self.rows.append(row)


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


def run(story: Any) -> Database:
    database = Database()

    async def main() -> None:
        with ThreadPoolExecutor(1) as executor:
            ledger = Ledger(database.record, executor, 77)
            task = asyncio.create_task(ledger.run())
            try:
                await story(ledger, database)
            finally:
                task.cancel()
                database.free.set()

    asyncio.run(main())
    return database


def test_a_row_is_written_with_its_purge_delay() -> None:
    async def story(ledger: Ledger, database: Database) -> None:
        ledger.report({"id": "a", "n": 1})
        await until(lambda: database.rows)

    assert run(story).rows == [{"id": "a", "n": 1, "ttl": 77}]


def test_of_rows_that_wait_only_the_newest_of_a_node_is_written() -> None:
    async def story(ledger: Ledger, database: Database) -> None:
        database.free.clear()
        ledger.report({"id": "first"})
        await asyncio.sleep(0.02)
        for number in range(5):
            ledger.report({"id": "a", "n": number})
        database.free.set()
        await until(lambda: len(database.rows) == 2)
        await asyncio.sleep(0.02)

    assert [row.get("n") for row in run(story).rows] == [None, 4]


def test_rows_wait_for_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "RETRY_SECONDS", 0.01)

    async def story(ledger: Ledger, database: Database) -> None:
        database.down = True
        ledger.report({"id": "a", "n": 1})
        await asyncio.sleep(0.05)
        ledger.report({"id": "a", "n": 2})
        database.down = False
        await until(lambda: database.rows)

    assert run(story).rows[-1]["n"] == 2


def test_a_row_that_failed_is_tried_again_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "RETRY_SECONDS", 0.01)

    async def story(ledger: Ledger, database: Database) -> None:
        database.down = True
        ledger.report({"id": "a", "n": 1})
        await until(lambda: database.refused > 2)
        database.down = False
        await until(lambda: database.rows)

    assert [row["n"] for row in run(story).rows] == [1]


def test_a_newer_row_is_not_replaced_by_one_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "RETRY_SECONDS", 0.01)

    async def story(ledger: Ledger, database: Database) -> None:
        database.down = True
        database.free.clear()
        ledger.report({"id": "a", "n": 1})
        await asyncio.sleep(0.02)
        ledger.report({"id": "a", "n": 2})
        database.free.set()
        await until(lambda: database.refused)
        database.down = False
        await until(lambda: database.rows)
        await asyncio.sleep(0.05)

    assert [row["n"] for row in run(story).rows] == [2]


def test_flush_writes_what_waits_and_survives_a_database_that_is_away() -> None:
    database = Database()

    async def main() -> None:
        with ThreadPoolExecutor(1) as executor:
            ledger = Ledger(database.record, executor, 77)
            ledger.report({"id": "a"})
            await ledger.flush()
            database.down = True
            ledger.report({"id": "b"})
            await ledger.flush()

    asyncio.run(main())
    assert [row["id"] for row in database.rows] == ["a"]


def test_a_mistake_of_ours_about_one_row_does_not_keep_the_others(caplog: pytest.LogCaptureFixture) -> None:
    async def story(ledger: Ledger, database: Database) -> None:
        ledger.report({"id": "a", "broken": True})
        await until(lambda: "cannot record data plane a" in caplog.text)
        ledger.report({"id": "b"})
        await until(lambda: database.rows)

    assert [row["id"] for row in run(story).rows] == ["b"]
