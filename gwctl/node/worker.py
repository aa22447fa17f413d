"""The worker process: the engine over the cache. It follows the versions that the agent announces."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import ssl
from collections.abc import Iterator, Sequence
from typing import Any

from gwctl.cache import CacheMissing, CacheReader, Position
from gwctl.certs import blank_context, listener_tls, tls_policy
from gwctl.engine import BoundListener, Engine
from gwctl.engine.shared.metric_rows import MetricRows
from gwctl.kit.changes import NOWHERE
from gwctl.kit.clock import SystemClock
from gwctl.kit.digest import to_hex
from gwctl.kit.errors import GwctlError
from gwctl.kit.tasks import Tasks
from gwctl.kit.version import NO_VERSION, Version
from gwctl.node.access_place import access_log_place
from gwctl.node.bus import Link
from gwctl.node.cache_files import cache_place
from gwctl.node.memory import resident_bytes
from gwctl.node.messages import Available, Message, Question, Refused, Swapped
from gwctl.node.node_health import node_health
from gwctl.node.plan import Assignment, is_declarative
from gwctl.node.resolving import resolver
from gwctl.node.served import answer
from gwctl.observe.access import AccessLog
from gwctl.observe.server_stats import ServerStats
from gwctl.vaults import Resolved

RETRY_SECONDS = 1.0
CACHE_SECONDS = 3.0
"""How long to wait for the writer of the cache before reading it anyway: traffic matters more than a perfect start."""

_log = logging.getLogger("gwctl.node")


class Nothing:
    """What a worker serves when no cache was ever written: no records."""

    version: Version = NO_VERSION
    position: Position = NOWHERE
    label: str = ""

    def get(self, entity: str, key: str) -> dict[str, Any] | None:
        return None

    def find(self, entity: str, field: str | Sequence[str], value: Any) -> dict[str, Any] | None:
        return None

    def children(self, entity: str, field: str, parent: str) -> Iterator[dict[str, Any]]:
        return iter(())

    def records(self, entity: str) -> Iterator[dict[str, Any]]:
        return iter(())

    def changed_since(self, earlier: Any) -> list[tuple[str, str]] | None:
        return None

    def close(self) -> None: ...


class Worker:
    def __init__(self, assignment: Assignment, sockets: Sequence[socket.socket]) -> None:
        self._assignment = assignment
        self._settings = assignment.settings
        self._sockets = sockets
        self._cache = cache_place(self._settings)
        self._clock = SystemClock()
        self._tasks = Tasks(_log)
        self._news = asyncio.Event()
        self._served: tuple[Version, int] | None = None
        self._resolved = resolver(self._settings, os.environ)
        self._reader: CacheReader | None = None
        self._bus: Link | None = None
        path = access_log_place(assignment, "proxy_access_log")
        self._access = AccessLog(path) if path is not None else None
        self._health = node_health(assignment, self._clock)
        self._policy = tls_policy(self._settings)
        self._listener_context: ssl.SSLContext | None = None
        rows = MetricRows(self._health.memory)
        self._engine = Engine(
            self._settings,
            node_id=assignment.node_id,
            clock=self._clock,
            access_log=self._access,
            availability=self._health,
            metrics=None if assignment.row is None else rows.row(assignment.row),
            tls=lambda listener: self._listener_tls(),
            blank_tls=lambda: blank_context(self._policy),
        )

    def _listener_tls(self) -> ssl.SSLContext:
        """One context for all TLS listeners, so that sessions are resumed on any of them."""
        if self._listener_context is None:
            base = self._assignment.tls_base
            self._listener_context = listener_tls(self._settings, "proxy_listen", now=self._clock.now(), base=base)
        return self._listener_context

    async def start(self, bus: Link) -> None:
        self._bus = bus
        if not self._assignment.cache_is_open or not CacheReader.exists(self._cache):
            with contextlib.suppress(TimeoutError):
                patience = None if is_declarative(self._settings) else CACHE_SECONDS
                await asyncio.wait_for(self._news.wait(), patience)
        await self._follow(bus)
        listeners = zip(self._assignment.listeners, self._sockets, strict=True)
        await self._engine.serve([BoundListener(listener, sock) for listener, sock in listeners])
        self._tasks.spawn("follow", self._keep_following(bus))
        if self._assignment.slot == 0:
            self._tasks.spawn("references", self._check_references())

    async def _check_references(self) -> None:
        """At the start of a node its log names the references without a value."""
        view = self._resolved(self._view())
        try:
            for _ in view.check():
                await asyncio.sleep(0)
        finally:
            view.close()

    async def _keep_following(self, bus: Link) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._follow(bus)
            except GwctlError as error:
                # The disk or the memory map refuses: the version before is served on, and this one tried again.
                _log.error("cannot read the cache: %s", error)
                await self._again()
            except Exception:  # a mistake of ours must not leave this worker behind for good
                _log.exception("cannot follow the cache")
                await self._again()

    async def _again(self) -> None:
        await asyncio.sleep(RETRY_SECONDS)
        self._news.set()

    async def _follow(self, bus: Link) -> None:
        """Serve what the cache holds now. On failure the version before stays."""
        view = self._view()
        position, label = view.position, view.label
        if self._served == (position.version, position.digest):
            view.close()
            return
        lineage, number = position.version
        if self._served is not None and _goes_back(self._served[0], position.version):
            view.close()
            _log.warning("the cache went back to version %d: version %d is served on", number, self._served[0].number)
            return
        try:
            resolved = self._resolved(view)
            await self._engine.install(resolved, self._changed(resolved))
        except GwctlError as error:
            _log.error("version %d cannot be served: %s", number, error)
            bus.send(Refused(lineage, number, error.message))
            if self._served is None:
                raise
            return
        self._served = (position.version, position.digest)
        bus.send(Swapped(lineage, number, to_hex(position.digest), position.records, label))

    def _changed(self, view: Resolved) -> list[tuple[str, str]] | None:
        """What differs from what is served; None when that is not known."""
        if self._served is None:
            return None
        with self._engine.reading() as served:
            return view.changed_since(served) if isinstance(served, Resolved) else None

    def _view(self) -> Any:
        if self._reader is None:
            try:
                self._reader = CacheReader.open(self._cache)
            except CacheMissing:
                return Nothing()
        else:
            try:
                self._reader.refresh()
            except CacheMissing as error:
                # What is open stays open. Nobody is served less because files were removed; their writer mends them.
                _log.error("%s; its last state is served on", error.message)
        return self._reader.view()

    async def receive(self, message: Message) -> None:
        if isinstance(message, Available):
            self._news.set()
        elif isinstance(message, Question) and self._bus is not None:
            self._tasks.spawn("question", self._answer(self._bus, message))

    async def _answer(self, bus: Link, question: Question) -> None:
        bus.send(await answer(self._engine, self._health, question))

    def stats(self) -> dict[str, Any]:
        counted = self._engine.stats()
        server = ServerStats(
            accepted=counted.accepted,
            handled=counted.handled,
            requests=counted.total_requests,
            reading=counted.reading,
            writing=counted.writing,
            waiting=counted.waiting,
        )
        return {
            "memory": resident_bytes(),
            "server": {name: getattr(server, name) for name in ServerStats.__slots__},
        }

    def reopen(self) -> None:
        if self._access is not None:
            self._access.reopen()

    async def finish(self, seconds: float) -> None:
        await self._tasks.close()
        if seconds > 0:
            await self._engine.drain(seconds)
        await self._engine.stop()
        if self._access is not None:
            self._access.close()


def _goes_back(served: Version, found: Version) -> bool:
    """Whether ``found`` is what a damaged cache fell back to, until it is synchronised again."""
    if found == NO_VERSION:
        return served != NO_VERSION
    return found.lineage == served.lineage and found.number < served.number


def body(assignment: Assignment, sockets: Sequence[socket.socket]) -> Worker:
    return Worker(assignment, sockets)
