"""One generation of a node's processes: a plan and settings made into posts with their sockets."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gwctl.kit.errors import GwctlError
from gwctl.node.crew import Post
from gwctl.node.plan import WORKER, Assignment, NodePlan, is_declarative, planned
from gwctl.node.sockets import ListenSockets, Planned
from gwctl.settings import Listener, Settings


class StartFailed(GwctlError):
    """A process of the node could not start; the message is its own."""

    code = "start_failed"


@dataclass(frozen=True, slots=True)
class NodeIdentity:
    node_id: str
    hostname: str


@dataclass(frozen=True, slots=True)
class Generation:
    """``alone`` are the posts of exclusive processes, ``beside`` those that start next to their predecessors."""

    plan: NodePlan
    settings: Settings
    alone: tuple[Post, ...]
    beside: tuple[Post, ...]

    @property
    def posts(self) -> tuple[Post, ...]:
        return (*self.alone, *self.beside)


def listeners(plan: NodePlan, settings: Settings) -> list[tuple[Planned, int]]:
    """Every address of the node with its number of slots; the Status API is the supervisor's own."""
    of_children = [(item, process.count) for process in plan.processes for item in process.listeners]
    return [*of_children, *((item, 1) for item in planned(settings, "status_listen"))]


def status_sockets(settings: Settings, sockets: ListenSockets) -> list[tuple[Listener, socket.socket]]:
    items = planned(settings, "status_listen")
    return [(item.listener, sock) for item in items for sock in sockets.of(item, 0, 1)]


class Recruiter:
    """Makes generations; what is the same for all of them is given once."""

    def __init__(
        self, identity: NodeIdentity, sockets: ListenSockets, error_log: Path | None, memory: int | None = None
    ) -> None:
        self._identity = identity
        self._sockets = sockets
        self._error_log = error_log
        self._memory = memory
        self._generations = 0

    def generation(self, plan: NodePlan, settings: Settings, *, cache_is_open: bool) -> Generation:
        """Posts for ``plan``, whose sockets are open. ``cache_is_open``: see ``Assignment``."""
        self._generations += 1
        alone: list[Post] = []
        beside: list[Post] = []
        for index, process in enumerate(plan.processes):
            posts = [self._post(plan, settings, index, slot, cache_is_open) for slot in range(process.count)]
            (alone if process.exclusive else beside).extend(posts)
        return Generation(plan, settings, tuple(alone), tuple(beside))

    def _post(self, plan: NodePlan, settings: Settings, index: int, slot: int, cache_is_open: bool) -> Post:
        process = plan.processes[index]
        pairs = [
            (item.listener, sock) for item in process.listeners for sock in self._sockets.of(item, slot, process.count)
        ]
        assignment = Assignment(
            kind=process.kind,
            module=process.module,
            slot=slot,
            settings=settings,
            node_id=self._identity.node_id,
            hostname=self._identity.hostname,
            error_log=self._error_log,
            listeners=tuple(listener for listener, _ in pairs),
            workers=plan.count(WORKER),
            supervisor_pid=os.getpid(),
            cache_is_open=cache_is_open,
            memory=self._memory,
            generation=self._generations,
        )
        return Post(assignment, [sock for _, sock in pairs])


def refuse_moves(old: Settings, new: Settings) -> None:
    """Raises GwctlError for what stays as it is for the life of a node: new processes would find nothing there."""
    for name in ("role", "prefix", "lmdb_environment_path"):
        if new.text(name) != old.text(name):
            raise _fixed(name)
    if is_declarative(new) != is_declarative(old):
        raise _fixed("database")


def _fixed(name: str) -> GwctlError:
    return GwctlError(f"{name} cannot change while the node runs", hint="stop the node and start it again")


def refuse_failures(posts: Sequence[Post]) -> None:
    """Raises StartFailed with the words of the first process that failed, else for one that was not ready in time."""
    for post in posts:
        if post.failure is not None:
            failure = post.failure
            raise StartFailed(failure.message, hint=failure.hint or None, code=failure.code or None)
    for post in posts:
        if not post.settled.is_set():
            raise StartFailed(f"{post.assignment.name} did not become ready", hint="the error log may say why")
