"""Keeping a replica at the end of the change log: woken by the api process, and by the database for other writers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor

from gwctl.cluster import Replica
from gwctl.kit.changes import Position
from gwctl.kit.errors import GwctlError
from gwctl.store import DatabaseConfig, VersionWatch

RETRY_SECONDS = 1.0
PAUSE_SECONDS = 0.01
"""Between two looks at the log: a lonely change is followed at once, a stream of them in small batches."""

WATCH_SECONDS = 30.0
"""The log is looked at so often even when nothing wakes us."""

_log = logging.getLogger("gwctl.node")


class Follower:
    """``moved`` is called in the event loop with each new position."""

    def __init__(
        self, replica: Replica, config: DatabaseConfig, executor: Executor, moved: Callable[[Position], None]
    ) -> None:
        self._replica = replica
        self._config = config
        self._executor = executor
        self._moved = moved
        self._told: Position | None = None
        self._news = asyncio.Event()
        self.reachable = True
        """Whether the change log could be read when it was last needed."""

    def wake(self) -> None:
        """The change log may have grown."""
        self._news.set()

    async def catch_up(self) -> None:
        """Follow the log to its end once; without a database the replica stays where it is."""
        try:
            position = await asyncio.get_running_loop().run_in_executor(self._executor, self._replica.catch_up)
        except GwctlError as error:
            if self.reachable:
                _log.error("cannot follow the change log, version %d stays: %s", self._number, error)
            self.reachable = False
            return
        except Exception:  # a mistake of ours must not end the following for good
            _log.exception("cannot follow the change log, version %d stays", self._number)
            self.reachable = False
            return
        if not self.reachable:
            _log.warning("following the change log again")
        self.reachable = True
        if position != self._told:
            self._told = position
            self._moved(position)

    @property
    def _number(self) -> int:
        return self._replica.position.version.number

    async def watch(self) -> None:
        """Wake up whenever the database says so, for ever."""
        async with VersionWatch(self._config) as watch:
            while True:
                await watch.wait(WATCH_SECONDS)
                self._news.set()

    async def run(self) -> None:
        """Follow the log whenever woken, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            await self.catch_up()
            await asyncio.sleep(PAUSE_SECONDS if self.reachable else RETRY_SECONDS)
            if not self.reachable:
                self._news.set()
