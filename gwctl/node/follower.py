"""The follower process of a traditional node: copies the database into the cache that the workers serve from."""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gwctl.cache import CacheWriter
from gwctl.cluster import Replica
from gwctl.kit.changes import Position
from gwctl.kit.clock import SystemClock
from gwctl.kit.tasks import Tasks
from gwctl.node.bus import Link
from gwctl.node.cache_files import cache_place, map_size, open_writer
from gwctl.node.catalog import replica_catalog
from gwctl.node.follow import Follower
from gwctl.node.health_keeper import HealthKeeper
from gwctl.node.memory import resident_bytes
from gwctl.node.messages import Changed, Message, available
from gwctl.node.plan import Assignment
from gwctl.store import DatabaseConfig, Store

_log = logging.getLogger("gwctl.node")


class FollowerProcess:
    def __init__(self, assignment: Assignment, sockets: Sequence[socket.socket]) -> None:
        self._settings = assignment.settings
        self._tasks = Tasks(_log)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._follower: Follower | None = None
        self._writer: CacheWriter | None = None
        self._store: Store | None = None
        self._health = HealthKeeper(assignment)

    async def start(self, bus: Link) -> None:
        catalog = replica_catalog(self._settings)
        config = DatabaseConfig.from_settings(self._settings)
        place, size = cache_place(self._settings), map_size(self._settings)
        writer = self._writer = await open_writer(lambda: CacheWriter.open(place, catalog, map_size=size, journal=True))
        self._store = Store.open(config, catalog, SystemClock(), pool_size=1)
        replica = Replica(self._store, writer, catalog)

        def moved(position: Position) -> None:
            bus.send(available(position))
            self._health.changed()

        self._follower = Follower(replica, config, self._executor, moved)
        await self._follower.catch_up()
        if not self._follower.reachable:
            moved(writer.position)
        self._health.start(writer.reader())
        self._tasks.spawn("watch", self._follower.watch())
        self._tasks.spawn("follow", self._follower.run())

    async def receive(self, message: Message) -> None:
        if isinstance(message, Changed) and self._follower is not None:
            self._follower.wake()

    def stats(self) -> dict[str, Any]:
        return {"memory": resident_bytes(), "database": self._follower is not None and self._follower.reachable}

    def reopen(self) -> None: ...

    async def finish(self, seconds: float) -> None:
        await self._tasks.close()
        await self._health.close()
        if self._writer is not None:
            self._writer.close()
        if self._store is not None:
            self._store.close()


def body(assignment: Assignment, sockets: Sequence[socket.socket]) -> FollowerProcess:
    return FollowerProcess(assignment, sockets)
