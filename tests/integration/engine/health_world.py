"""Upstreams with health checks: scripted peers whose answers a test changes, and engines that share their health."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from gwctl.engine.health.availability import AddressId, NodeHealth
from gwctl.engine.health.machine import Standing
from gwctl.engine.shared.memory import SharedMemory
from gwctl.kit.clock import SystemClock
from tests.integration.engine.records import Record, route, service, target, upstream
from tests.integration.engine.world import Gateway, Talk, gateway, upstream_server


@dataclass
class Peer:
    """An upstream server. ``status`` is what it answers; 0 closes the connection, -1 never answers."""

    status: int = 200
    port: int = 0
    heads: list[bytes] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def forget(self) -> int:
        """How many requests there were since the last call."""
        count = len(self.heads)
        self.heads.clear()
        return count


@contextlib.asynccontextmanager
async def peer(status: int = 200, host: str = "127.0.0.1") -> AsyncIterator[Peer]:
    state = Peer(status)

    async def script(talk: Talk) -> None:
        while True:
            head = await talk.head()
            state.heads.append(head)
            if state.status == 0:
                return
            if state.status < 0:
                await talk.rest()
                return
            await talk.send(b"HTTP/1.1 %d X\r\nContent-Length: 2\r\nX-Peer: %d\r\n\r\nok" % (state.status, state.port))

    async with upstream_server(script, host=host) as server:
        state.port = server.port
        yield state


def passive(**unhealthy: Any) -> Record:
    """Passive checks with these limits; ``successes`` is the one for the way back."""
    successes = unhealthy.pop("successes", 0)
    statuses = {"http_statuses": [429, 500, 503], **unhealthy}
    healthy = {"http_statuses": [200, 201], "successes": successes}
    return {"passive": {"type": "http", "healthy": healthy, "unhealthy": statuses}}


def active(interval: float = 0.05, **values: Any) -> Record:
    """Active checks; ``healthy`` and ``unhealthy`` add to their records."""
    healthy = {"interval": interval, "http_statuses": [200, 302], "successes": 1, **values.pop("healthy", {})}
    unhealthy = {
        "interval": interval, "http_statuses": [404, 429, 500, 503],
        "http_failures": 1, "tcp_failures": 1, "timeouts": 1,
        **values.pop("unhealthy", {}),
    }  # fmt: skip
    plain = {"type": "http", "timeout": 1, "concurrency": 10, "http_path": "/status", "https_verify_certificate": True}
    return {"active": {**plain, **values, "healthy": healthy, "unhealthy": unhealthy}}


def checked(*addresses: str, checks: Record, retries: int = 0, **values: Any) -> dict[str, list[Record]]:
    """A route to an upstream over ``addresses`` with ``checks``."""
    of = upstream("u.test", healthchecks=checks, **values)
    made = service("one", "u.test", 80, retries=retries)
    return {
        "upstreams": [of],
        "targets": [target(of, address) for address in addresses],
        "services": [made],
        "routes": [route("one", made, paths=["/"], strip_path=False)],
    }


def served(
    health: NodeHealth, records: dict[str, list[Record]], **options: Any
) -> AbstractAsyncContextManager[Gateway]:
    """A gateway whose balancers know this health."""
    return gateway(records, availability=health, **options)


def new_health(memory: SharedMemory | None = None) -> NodeHealth:
    return NodeHealth(memory or SharedMemory.create(), SystemClock())


def standing(health: NodeHealth, port: int) -> Standing:
    """What is known of the first upstream's address on this machine with ``port``."""
    (checks,) = health.upstreams
    return Standing.unpack(health.record(checks.upstream_id, AddressId("127.0.0.1", port, None)))


def dead_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
