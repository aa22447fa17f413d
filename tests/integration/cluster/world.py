"""A control plane's hub and data planes' agents in one process, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import uvloop

from gwctl.cache import CacheWriter
from gwctl.certs import ClusterTrust, issue_shared_pair, load_pair
from gwctl.cluster import Agent, Hub, HubIdentity, NodeIdentity, Replica
from gwctl.entities import core_catalog
from gwctl.kit.changes import Position
from gwctl.kit.clock import SystemClock
from gwctl.kit.ids import new_uuid
from gwctl.settings import Endpoint
from tests.tools.memory_feed import MemoryFeed

CATALOG = core_catalog()


def trust(name: str = "shared") -> ClusterTrust:
    """A pair per name, made once."""
    return _made(name)


@cache
def _made(name: str) -> ClusterTrust:
    certificate, key = issue_shared_pair(10, time.time())
    return ClusterTrust.shared(load_pair(certificate.decode(), key.decode()))


class Ledger:
    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.reports: list[dict[str, Any]] = []

    def report(self, row: dict[str, Any]) -> None:
        self.rows[row["id"]] = row
        self.reports.append(row)


@dataclass
class Plane:
    """A data plane whose workers follow at once."""

    world: World
    writer: CacheWriter
    agent: Agent
    node_id: str
    published: list[Position] = field(default_factory=list)
    incidents: list[str] = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    def in_step(self) -> bool:
        ours, theirs = self.writer.position, self.world.replica.position
        return (ours.version, ours.digest) == (theirs.version, theirs.digest)

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.task
            self.task = None
        self.writer.close()


class World:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.feed = MemoryFeed(CATALOG)
        self.feed.put("services", name="first")
        self.ledger = Ledger()
        self.writer = CacheWriter.open(path / "replica", CATALOG, journal=True, durable=False)
        self.replica = Replica(self.feed, self.writer, CATALOG)
        self.replica.catch_up()
        self.hub: Hub | None = None
        self.socket: socket.socket | None = None
        self.port = 0
        self.planes: list[Plane] = []
        self._serving: asyncio.Task[None] | None = None

    async def start_hub(self, *, trust_of: str = "shared", heartbeat: float = 30.0, version: str = "3.8.1") -> Hub:
        self.socket = socket.create_server(("127.0.0.1", self.port))
        self.port = self.socket.getsockname()[1]
        identity = HubIdentity(version, "0.1.0", heartbeat)
        self.hub = Hub(self.replica, self.ledger, trust(trust_of), identity, clock=SystemClock())
        self._serving = asyncio.ensure_future(self.hub.serve([self.socket]))
        return self.hub

    async def stop_hub(self) -> None:
        if self.hub is not None and self.socket is not None:
            await self.hub.close()
            self.socket.close()
        if self._serving is not None:
            await self._serving
        self.hub = None

    async def start_plane(
        self,
        *,
        cache: str | None = None,
        node_id: str | None = None,
        trust_of: str = "shared",
        version: str = "3.8.1",
        ports: list[int] | None = None,
        **options: Any,
    ) -> Plane:
        node_id = node_id or new_uuid()
        writer = CacheWriter.open(self.path / (cache or node_id), CATALOG)
        identity = NodeIdentity(node_id, "dp.example", version, "0.1.0", {"deployment": "local"})
        planes: list[Plane] = []

        def publish(position: Position) -> None:
            planes[0].published.append(position)
            planes[0].agent.swapped(position.version, position.digest)

        incidents: list[str] = []
        agent = Agent(
            [Endpoint("127.0.0.1", port) for port in (ports or [self.port])],
            writer,
            CATALOG,
            trust(trust_of),
            identity,
            clock=SystemClock(),
            publish=publish,
            incident=incidents.append,
            **options,
        )
        plane = Plane(self, writer, agent, node_id, incidents=incidents)
        planes.append(plane)
        plane.task = asyncio.ensure_future(agent.run())
        self.planes.append(plane)
        return plane

    async def publish(self) -> None:
        """What follows a committed write on the control plane."""
        await asyncio.get_running_loop().run_in_executor(None, self.replica.catch_up)
        if self.hub is not None:
            self.hub.announce()

    async def until(
        self, condition: Callable[[], object], what: str, *, deadline: float = 10.0, every: float = 0.005
    ) -> None:
        end = time.monotonic() + deadline
        while not condition():
            assert time.monotonic() < end, f"not within {deadline} s: {what}"
            await asyncio.sleep(every)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[World]:
        try:
            yield self
        finally:
            for plane in self.planes:
                await plane.stop()
            await self.stop_hub()
            self.writer.close()


def run(path: Path, scenario: Callable[[World], Awaitable[None]]) -> None:
    """On the loop of nodes: Python's own before 3.11.4 trips over TLS connections that are closed twice."""

    async def main() -> None:
        async with World(path).running() as world:
            await scenario(world)

    uvloop.run(main())
