"""The agent process: the data plane's end of the link and the only writer of its cache."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Sequence
from typing import Any

import gwctl
from gwctl.cache import CacheWriter
from gwctl.certs import ClusterTrust, cluster_pair, pair_warnings
from gwctl.cluster import Agent, NodeIdentity
from gwctl.kit.changes import Position
from gwctl.kit.clock import SystemClock
from gwctl.kit.digest import from_hex
from gwctl.kit.tasks import Tasks
from gwctl.node.bus import Link
from gwctl.node.cache_files import cache_place, keep_whole, map_size, open_writer
from gwctl.node.catalog import replica_catalog
from gwctl.node.health_keeper import HealthKeeper
from gwctl.node.memory import resident_bytes
from gwctl.node.messages import Message, Refused, Stats, Swapped, available
from gwctl.node.plan import Assignment
from gwctl.node.seed import seed

SETTLE_SECONDS = 0.15
"""What the control plane takes to write down an acknowledgement: only then the start of a node is complete."""

_log = logging.getLogger("gwctl.node")


class AgentProcess:
    def __init__(self, assignment: Assignment, sockets: Sequence[socket.socket]) -> None:
        self._assignment = assignment
        self._settings = assignment.settings
        self._clock = SystemClock()
        self._tasks = Tasks(_log)
        self._agent: Agent | None = None
        self._writer: CacheWriter | None = None
        self._settled = False
        self._health = HealthKeeper(assignment)

    async def start(self, bus: Link) -> None:
        settings = self._settings
        pair = cluster_pair(settings)
        for warning in pair_warnings(pair, self._clock.now()):
            _log.warning("%s", warning)
        catalog = replica_catalog(self._settings)
        place, size = cache_place(settings), map_size(settings)
        writer = self._writer = await open_writer(lambda: CacheWriter.open(place, catalog, map_size=size, journal=True))
        await seed(writer, settings, self._clock.now())
        if writer.position.records:
            _log.info("found persisted lmdb config, loading...")

        def publish(position: Position) -> None:
            bus.send(available(position))
            self._health.changed()

        publish(writer.position)
        self._health.start(writer.reader())
        self._tasks.spawn("mend", keep_whole(writer, lambda: publish(writer.position)))
        self._agent = Agent(
            settings.control_planes,
            writer,
            catalog,
            ClusterTrust.shared(pair),
            self._identity(),
            clock=self._clock,
            publish=publish,
            heartbeat_interval=settings.number("cluster_heartbeat_interval"),
            max_payload=settings.integer("cluster_max_payload") or 0,
        )
        self._tasks.spawn("link", self._agent.run())
        self._tasks.spawn("settle", self._settle(bus, self._agent))

    def _identity(self) -> NodeIdentity:
        return NodeIdentity(
            node_id=self._assignment.node_id,
            hostname=self._assignment.hostname,
            version=gwctl.KONG_VERSION,
            gwctl_version=gwctl.__version__,
            labels=self._settings.labels,
        )

    async def _settle(self, bus: Link, agent: Agent) -> None:
        """Tell the supervisor when the first synchronisation is done, or cannot be for now."""
        while True:
            state = agent.state()
            if state.synchronised or state.failures:
                break
            await asyncio.sleep(0.01)
        if state.synchronised:
            await asyncio.sleep(SETTLE_SECONDS)
        self._settled = True
        bus.send(Stats(self.stats()))

    async def receive(self, message: Message) -> None:
        if self._agent is None:
            return
        match message:
            case Swapped():
                self._agent.swapped(message.version, from_hex(message.digest))
            case Refused(reason=reason):
                self._agent.unserved(reason)
            case _:
                pass

    def stats(self) -> dict[str, Any]:
        values: dict[str, Any] = {"memory": resident_bytes(), "settled": self._settled}
        if self._agent is not None:
            state = self._agent.state()
            values["control_plane"] = str(state.control_plane) if state.control_plane else None
            values["last_error"] = state.last_error
        return values

    def reopen(self) -> None: ...

    async def finish(self, seconds: float) -> None:
        await self._tasks.close()
        await self._health.close()
        if self._writer is not None:
            self._writer.close()


def body(assignment: Assignment, sockets: Sequence[socket.socket]) -> AgentProcess:
    return AgentProcess(assignment, sockets)
