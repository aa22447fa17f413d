"""Runs functions on the store in a bounded executor with a deadline, and announces what they committed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from gwctl.admin.ports import Reads, Store, UnitOfWork
from gwctl.kit.version import Version

T = TypeVar("T")

MOST_WAITING = 256
"""The most calls that may run or wait for a thread at a time."""
REACHABLE_SECONDS = 3.0
"""How long ``/status`` waits for the database."""

_log = logging.getLogger("gwctl.admin")


class Overloaded(Exception):
    """The database gave no answer in time, or too many calls wait for one."""


class Database:
    """A function given to ``read`` or ``write`` runs wholly inside one thread call.

    A call that takes longer than ``deadline`` seconds, or comes when MOST_WAITING are under way, raises Overloaded.
    What has not begun by then never will; a write under way is still announced through ``on_commit`` when it commits.
    """

    def __init__(
        self,
        store: Store,
        executor: Executor,
        on_commit: Callable[[Version], None],
        deadline: float,
    ) -> None:
        self._store = store
        self._executor = executor
        self._on_commit = on_commit
        self._deadline = deadline
        self._waiting = 0

    async def read(self, function: Callable[[Reads], T]) -> T:
        def work() -> T:
            with self._store.read() as reads:
                return function(reads)

        return await self._run(work)

    async def write(self, function: Callable[[UnitOfWork], T]) -> T:
        """Commits when ``function`` returns, rolls back when it raises; ``on_commit`` has been called on return."""

        def work() -> tuple[T, Version | None]:
            with self._store.write() as unit:
                result = function(unit)
            return result, unit.version

        return (await self._run(work, self._announce))[0]

    async def call(self, function: Callable[[Store], T]) -> T:
        """For what the store offers beside its transactions."""
        return await self._run(lambda: function(self._store))

    async def reachable(self) -> bool:
        """True when the database answers soon."""
        try:
            return await self._run(self._store.reachable, deadline=min(self._deadline, REACHABLE_SECONDS))
        except Overloaded:
            return False

    def _announce(self, committed: tuple[T, Version | None]) -> None:
        version = committed[1]
        if version is not None:
            self._on_commit(version)

    async def _run(
        self, work: Callable[[], T], done: Callable[[T], None] | None = None, *, deadline: float | None = None
    ) -> T:
        if self._waiting >= MOST_WAITING:
            raise Overloaded
        self._waiting += 1
        submitted = self._executor.submit(work)
        future = asyncio.wrap_future(submitted)
        future.add_done_callback(lambda finished: self._finished(finished, done))
        await asyncio.wait({future}, timeout=self._deadline if deadline is None else deadline)
        if not future.done():
            submitted.cancel()
            raise Overloaded
        return future.result()

    def _finished(self, future: asyncio.Future[T], done: Callable[[T], None] | None) -> None:
        self._waiting -= 1
        if future.cancelled():
            return
        error = future.exception()
        if error is not None or done is None:
            return
        try:
            done(future.result())
        except Exception:
            _log.exception("a committed change could not be announced")
