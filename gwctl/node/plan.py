"""Which processes a role has, as data: the composition roots make plans, the supervisor carries them out."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from gwctl.node.sockets import Planned
from gwctl.settings import TRADITIONAL, Listener, Settings

WORKER = "worker"
AGENT = "agent"
API = "api"
HUB = "hub"
FOLLOWER = "follower"
LOADER = "loader"


@dataclass(frozen=True, slots=True)
class ProcessPlan:
    """``count`` processes of one kind, whose ``module`` has a ``body(assignment, sockets) -> Body``.

    Each slot has its own sockets for ``listeners``. An ``exclusive`` kind writes a file that only one process may
    write: on reload its successor starts after it is gone; the others start beside their predecessors and take over.
    """

    kind: str
    module: str
    count: int = 1
    listeners: tuple[Planned, ...] = ()
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class NodePlan:
    """``patience`` is how many seconds a start may take when that is more than usual."""

    role: str
    processes: tuple[ProcessPlan, ...]
    patience: float = 0.0

    @property
    def declarative(self) -> bool:
        """Whether the node has no database and takes its configuration as documents."""
        return self.count(LOADER) > 0

    def count(self, kind: str) -> int:
        return sum(process.count for process in self.processes if process.kind == kind)

    def is_exclusive(self, kind: str) -> bool:
        return any(process.exclusive for process in self.processes if process.kind == kind)

    @property
    def modules(self) -> tuple[str, ...]:
        """What the fork server imports before it forks."""
        return tuple(process.module for process in self.processes)


def is_declarative(settings: Settings) -> bool:
    """Whether a node with these settings has no database and takes its configuration as documents."""
    return settings.role == TRADITIONAL and settings.database == "off"


def planned(settings: Settings, name: str) -> tuple[Planned, ...]:
    """The listeners of a setting."""
    return tuple(Planned(name, listener) for listener in settings.listeners(name))


@dataclass(frozen=True, slots=True)
class Assignment:
    """All a child is told at its birth; its sockets come beside it.

    ``cache_is_open``: the cache was verified and opened by its writer before. Otherwise who reads it waits for the
    announcement of its first version, because a damaged file kills the process that opens it. ``first``: nobody was on
    this post before, so a database that is away is an error of the start; later it is waited for. ``memory``
    is the descriptor of the memory that the processes of a node share; None when they have none. ``row`` is the row of
    metrics there that only this process writes; None when all are taken. ``generation`` counts reloads. ``tls_base`` is
    a server context that workers inherit by fork, so that they read each other's session tickets.
    """

    kind: str
    module: str
    slot: int
    settings: Settings
    node_id: str
    hostname: str
    error_log: Path | None
    listeners: tuple[Listener, ...]
    workers: int
    supervisor_pid: int
    cache_is_open: bool = False
    first: bool = True
    memory: int | None = None
    row: int | None = None
    generation: int = 0
    tls_base: ssl.SSLContext | None = None

    @property
    def name(self) -> str:
        """How logs and ``ps`` call the process."""
        return f"{self.kind} {self.slot}" if self.kind == WORKER else self.kind
