"""The hub process: the control plane's end of all links.

It serves them from a replica of the store, also while the database is down.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gwctl
from gwctl.cache import CacheWriter
from gwctl.certs import ClusterTrust, cluster_pair, pair_warnings
from gwctl.cluster import Hub, HubIdentity, Replica
from gwctl.kit.changes import Position
from gwctl.kit.clock import SystemClock
from gwctl.kit.tasks import Tasks
from gwctl.node.bus import Link
from gwctl.node.cache_files import map_size, open_writer, replica_place
from gwctl.node.catalog import replica_catalog
from gwctl.node.database import require_database
from gwctl.node.follow import Follower
from gwctl.node.ledger import Ledger
from gwctl.node.memory import resident_bytes
from gwctl.node.messages import Changed, Message
from gwctl.node.plan import Assignment
from gwctl.store import DatabaseConfig, Store

POOL_SIZE = 2
"""Database connections and threads: one follows the change log, one records data planes."""

_log = logging.getLogger("gwctl.node")


class HubProcess:
    def __init__(self, assignment: Assignment, sockets: Sequence[socket.socket]) -> None:
        self._assignment = assignment
        self._settings = assignment.settings
        self._sockets = sockets
        self._clock = SystemClock()
        self._tasks = Tasks(_log)
        self._executor = ThreadPoolExecutor(POOL_SIZE, thread_name_prefix="store")
        self._hub: Hub | None = None
        self._follower: Follower | None = None
        self._ledger: Ledger | None = None
        self._writer: CacheWriter | None = None
        self._store: Store | None = None

    async def start(self, bus: Link) -> None:
        pair = cluster_pair(self._settings)
        for warning in pair_warnings(pair, self._clock.now()):
            _log.warning("%s", warning)
        config = DatabaseConfig.from_settings(self._settings)
        await require_database(config, self._executor, first=self._assignment.first)
        catalog = replica_catalog(self._settings)
        place, size = replica_place(self._settings), map_size(self._settings)
        # What it holds is in the database as well: the kernel may write it to the disk when it likes.
        self._writer = await open_writer(
            lambda: CacheWriter.open(place, catalog, map_size=size, journal=True, durable=False)
        )
        self._store = Store.open(config, catalog, self._clock, pool_size=POOL_SIZE)
        replica = Replica(self._store, self._writer, catalog)
        self._follower = Follower(replica, config, self._executor, self._moved)
        await self._follower.catch_up()
        delay = self._settings.integer("cluster_data_plane_purge_delay") or 0
        self._ledger = Ledger(self._store.record_data_plane, self._executor, delay)
        self._hub = Hub(replica, self._ledger, ClusterTrust.shared(pair), self._identity(), clock=self._clock)
        self._tasks.spawn("hub", self._hub.serve(self._sockets))
        self._tasks.spawn("ledger", self._ledger.run())
        self._tasks.spawn("watch", self._follower.watch())
        self._tasks.spawn("follow", self._follower.run())

    def _identity(self) -> HubIdentity:
        return HubIdentity(
            version=gwctl.KONG_VERSION,
            gwctl_version=gwctl.__version__,
            heartbeat_interval=self._settings.number("cluster_heartbeat_interval") or 30.0,
        )

    def _moved(self, position: Position) -> None:
        _log.debug("version %d is there for data planes", position.version.number)
        if self._hub is not None:
            self._hub.announce(position.version)

    async def receive(self, message: Message) -> None:
        if isinstance(message, Changed) and self._follower is not None:
            self._follower.wake()

    def stats(self) -> dict[str, Any]:
        return {
            "memory": resident_bytes(),
            "database": self._follower is not None and self._follower.reachable,
            "data_planes": self._hub.connected if self._hub is not None else 0,
        }

    def reopen(self) -> None: ...

    async def finish(self, seconds: float) -> None:
        if self._hub is not None:
            await self._hub.close()
        await self._tasks.close()
        if self._ledger is not None:
            await self._ledger.flush()
        if self._writer is not None:
            self._writer.close()
        if self._store is not None:
            self._store.close()


def body(assignment: Assignment, sockets: Sequence[socket.socket]) -> HubProcess:
    return HubProcess(assignment, sockets)
