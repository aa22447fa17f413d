"""Writes what the hub reports of its data planes to the database, behind the hub's back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from gwctl.kit.errors import GwctlError

RETRY_SECONDS = 1.0

_log = logging.getLogger("gwctl.node")


class Ledger:
    """The hub's ``NodeLedger``. Only the newest row of a node is written; without a database rows wait for it.

    ``record`` writes one row (its ``ttl`` is ``purge_delay``, seconds) and blocks, so it runs in ``executor``.
    """

    def __init__(self, record: Callable[[dict[str, Any]], None], executor: Executor, purge_delay: int) -> None:
        self._record = record
        self._executor = executor
        self._purge_delay = purge_delay
        self._waiting: dict[str, dict[str, Any]] = {}
        self._news = asyncio.Event()

    def report(self, row: dict[str, Any]) -> None:
        """Take a row; returns at once."""
        self._waiting[row["id"]] = row | {"ttl": self._purge_delay}
        self._news.set()

    async def run(self) -> None:
        """Write rows as they come, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                await self._write(*self._waiting.popitem())

    async def flush(self) -> None:
        """Write what waits, if the database answers."""
        try:
            for row in list(self._waiting.values()):
                await asyncio.get_running_loop().run_in_executor(self._executor, self._record, row)
        except GwctlError as error:
            _log.warning("%d data planes could not be recorded: %s", len(self._waiting), error)

    async def _write(self, key: str, row: dict[str, Any]) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._executor, self._record, row)
        except GwctlError as error:
            _log.warning("cannot record data plane %s, trying again: %s", key, error)
            self._waiting.setdefault(key, row)
            await asyncio.sleep(RETRY_SECONDS)
        except Exception:  # a mistake of ours about one row must not keep the others; the next heartbeat brings another
            _log.exception("cannot record data plane %s", key)
