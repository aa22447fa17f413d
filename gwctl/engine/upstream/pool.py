"""The pool of idle upstream connections of one worker (proxy.md 9)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from gwctl.engine.upstream.connection import Address, UpstreamConnection

_SWEEP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """Idle connections per address (0: none), requests per connection (0: any number), seconds idle (0: for ever)."""

    size: int = 512
    requests: int = 10000
    idle_seconds: float = 60.0


class Pool:
    """Keeps connections per address; the most recently used one is taken first."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: PoolLimits) -> None:
        self._loop = loop
        self._limits = limits
        self._idle: dict[Address, deque[UpstreamConnection]] = {}
        self._sweeper: asyncio.TimerHandle | None = None

    def take(self, address: Address) -> UpstreamConnection | None:
        """An idle connection to ``address``, None when there is none."""
        connections = self._idle.get(address)
        while connections:
            connection = connections.pop()
            if not connections:
                del self._idle[address]
            connection.idle = None
            if not connection.lost:
                return connection
        return None

    def give(self, connection: UpstreamConnection) -> None:
        """Keep ``connection`` for later, or close it when it may not be reused or there is no room."""
        if connection.clogged:
            # it answered without taking the request, and may never take the rest
            connection.abort()
            return
        limits = self._limits
        worn = limits.requests and connection.requests >= limits.requests
        if connection.lost or not connection.reader.reusable or worn or not limits.size:
            connection.close()
            return
        # a long body may have paused it; idle, it must hear of an end, and busy again, of its response
        connection.relieve()
        connections = self._idle.get(connection.address)
        if connections is None:
            connections = self._idle[connection.address] = deque()
        connection.idle = self._forget
        connection.idle_since = self._loop.time()
        connections.append(connection)
        if len(connections) > limits.size:
            self._drop(connections.popleft())
        if self._sweeper is None and limits.idle_seconds:
            self._sweeper = self._loop.call_later(_SWEEP_SECONDS, self._sweep)

    def close(self) -> None:
        """Close every idle connection."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        self._drop_where(lambda _: True)

    def __len__(self) -> int:
        return sum(map(len, self._idle.values()))

    def _forget(self, connection: UpstreamConnection) -> None:
        connections = self._idle.get(connection.address)
        if connections is None:
            return
        if connection in connections:
            connections.remove(connection)
        if not connections:
            del self._idle[connection.address]

    def _sweep(self) -> None:
        oldest = self._loop.time() - self._limits.idle_seconds
        self._drop_where(lambda connection: connection.idle_since <= oldest)
        self._sweeper = self._loop.call_later(_SWEEP_SECONDS, self._sweep) if self._idle else None

    def _drop_where(self, old: Callable[[UpstreamConnection], bool]) -> None:
        for address, connections in list(self._idle.items()):
            while connections and old(connections[0]):
                self._drop(connections.popleft())
            if not connections:
                del self._idle[address]

    @staticmethod
    def _drop(connection: UpstreamConnection) -> None:
        connection.idle = None
        connection.close()
