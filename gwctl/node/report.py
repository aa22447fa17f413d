"""What a node tells about itself: figures, processes, readiness."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from gwctl.kit.digest import ZEROS
from gwctl.node.crew import Member
from gwctl.node.messages import Swapped
from gwctl.node.plan import API, WORKER
from gwctl.observe.server_stats import ServerStats


class Report:
    """Sums what the members say; totals of members that left are kept.

    ``declarative``: the node has no database.
    """

    def __init__(self, role: str, workers: int, *, declarative: bool = False) -> None:
        self.role = role
        self.declarative = declarative
        self.workers = workers
        self._past = ServerStats()

    def left(self, member: Member) -> None:
        """Keep the totals of a member that ended."""
        final = server_stats(member)
        self._past += ServerStats(accepted=final.accepted, handled=final.handled, requests=final.requests)

    def server(self, members: Iterable[Member]) -> ServerStats:
        """Connections and requests of the node since it started."""
        return sum((server_stats(member) for member in members), self._past)

    @staticmethod
    def memory(members: Iterable[Member]) -> list[dict[str, int]]:
        """``pid`` and ``memory`` (bytes) of each process that serves requests."""
        return [
            {"pid": member.pid, "memory": int(member.stats.get("memory", 0))}
            for member in members
            if member.kind in (WORKER, API)
        ]

    def readiness(self, members: Iterable[Member], current: Swapped | None) -> tuple[bool, str]:
        """Ready or not, and why. A node without a database is as ready as a data plane: it needs a configuration."""
        from gwctl.status import ServingState, readiness  # not before the supervisor has begun its work

        serving = sum(member.kind == WORKER and member.ready for member in members)
        state = ServingState(self.workers, serving, serving, config_hash(current))
        return readiness("data_plane" if self.declarative else self.role, state)

    def node(self, members: list[Member]) -> dict[str, Any]:
        """What the Admin API shows of the node."""
        return {
            "pids": {"master": os.getpid(), "workers": [m.pid for m in members if m.kind in (WORKER, API)]},
            "server": _as_words(self.server(member for member in members if member.kind == WORKER)),
            "workers": self.memory(members),
        }


def server_stats(member: Member) -> ServerStats:
    words: Mapping[str, int] = member.stats.get("server", {})
    return ServerStats(**{name: int(value) for name, value in words.items() if name in ServerStats.__slots__})


def _as_words(stats: ServerStats) -> dict[str, int]:
    return {name: getattr(stats, name) for name in ServerStats.__slots__}


def config_hash(current: Swapped | None) -> str | None:
    """The hash of what the node serves; zeros for nothing, as a new data plane reports it."""
    if current is None:
        return None
    return (current.label or current.digest) if current.records else ZEROS


def describe(member: Member) -> dict[str, Any]:
    """A process for ``health`` and for people."""
    return {
        "name": member.assignment.name,
        "kind": member.kind,
        "slot": member.assignment.slot,
        "pid": member.pid,
        "ready": member.ready,
        "stats": member.stats,
    }
