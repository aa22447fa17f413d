"""The api process: the Admin API over the store. After each commit it tells the hub or the follower."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from gwctl.admin import AdminContext, NodeFacts, admin_app
from gwctl.certs import listener_tls
from gwctl.entities.catalog import Catalog
from gwctl.kit.asgi import Application
from gwctl.kit.clock import SystemClock
from gwctl.kit.tasks import Tasks
from gwctl.kit.version import Version
from gwctl.node.access_place import access_log_place
from gwctl.node.backing import Backing, backing_of
from gwctl.node.bus import Link
from gwctl.node.catalog import catalog_for
from gwctl.node.control import NodeControl
from gwctl.node.fetching import fetched
from gwctl.node.http_server import HttpServer, HttpSocket
from gwctl.node.line_log import LineLog
from gwctl.node.memory import resident_bytes
from gwctl.node.messages import Changed, Message, Node, Question, Reply
from gwctl.node.plan import Assignment
from gwctl.observe.server_stats import ServerStats

_log = logging.getLogger("gwctl.node")


class Api:
    def __init__(self, assignment: Assignment, sockets: Sequence[socket.socket]) -> None:
        self._assignment = assignment
        self._settings = assignment.settings
        self._sockets = sockets
        self._clock = SystemClock()
        self._tasks = Tasks(_log)
        self._node: Mapping[str, Any] = {}
        self._bus: Link | None = None
        self._control = NodeControl(lambda: self._bus)
        self._backing: Backing | None = None
        self._app: Application | None = None
        self._server: HttpServer | None = None
        path = access_log_place(self._assignment, "admin_access_log")
        self._access = LineLog(path) if path is not None else None

    async def start(self, bus: Link) -> None:
        self._bus = bus
        backing = self._backing = backing_of(self._assignment, bus, self._clock, self._control)
        catalog = catalog_for(self._settings)
        self._warn_of_open_listeners()
        await backing.open(catalog)
        context = AdminContext(
            catalog=catalog,
            store=backing.store,
            settings=self._settings,
            node=self._facts(catalog),
            executor=backing.executor,
            on_commit=self._committed,
            clock=self._clock,
            loading=backing.loading,
            changes=backing.changes,
        )
        app = self._app = admin_app(context)
        self._server = HttpServer(app, self._clock, self._access.write if self._access else None)
        await self._server.serve(self._bound())
        backing.begin(self._tasks)

    def _facts(self, catalog: Catalog) -> NodeFacts:
        own = {"pid": os.getpid()}
        pids = {"master": self._assignment.supervisor_pid, "workers": [os.getpid()]}
        return NodeFacts(
            node_id=self._assignment.node_id,
            hostname=self._assignment.hostname,
            pids=lambda: self._node.get("pids", pids),
            plugins={
                name: {"version": plugin.version, "priority": plugin.priority}
                for name, plugin in catalog.plugins.items()
            },
            workers=lambda: self._node.get("workers") or [own | {"memory": resident_bytes()}],
            server_stats=lambda: (self._served() + ServerStats(**self._node.get("server", {}))).as_dict(),
            control=self._control,
        )

    def _warn_of_open_listeners(self) -> None:
        """Whoever reaches the Admin API owns the gateway."""
        for listener in self._assignment.listeners:
            if not ip_address(listener.ip).is_loopback:
                _log.warning(
                    "admin_listen %s:%d can be reached from other machines, and nothing here asks who calls: "
                    "listen on 127.0.0.1, or let a firewall or a proxy guard it",
                    listener.ip,
                    listener.port,
                )

    def _served(self) -> ServerStats:
        return self._server.stats() if self._server is not None else ServerStats()

    def _bound(self) -> list[HttpSocket]:
        listeners = self._assignment.listeners
        secure = any(listener.ssl for listener in listeners)
        tls = listener_tls(self._settings, "admin_listen", now=self._clock.now()) if secure else None
        return [
            HttpSocket(sock, tls if listener.ssl else None)
            for listener, sock in zip(listeners, self._sockets, strict=True)
        ]

    def _committed(self, version: Version) -> None:
        if self._bus is not None:
            self._bus.send(Changed(version.lineage, version.number))

    async def receive(self, message: Message) -> None:
        if isinstance(message, Node):
            self._node = message.values
        elif isinstance(message, Question) and self._app is not None and self._bus is not None:
            self._tasks.spawn("fetch", self._fetch(self._app, self._bus, message))
        elif isinstance(message, Reply):
            self._control.heard(message)
        elif self._backing is not None:
            self._backing.heard(message)

    @staticmethod
    async def _fetch(app: Application, bus: Link, question: Question) -> None:
        bus.send(await fetched(app, question))

    def stats(self) -> dict[str, Any]:
        served = self._served()
        return {
            "memory": resident_bytes(),
            "server": {name: getattr(served, name) for name in ServerStats.__slots__},
            "database": self._backing is None or self._backing.reachable,
        }

    def reopen(self) -> None:
        if self._access is not None:
            self._access.reopen()

    async def finish(self, seconds: float) -> None:
        if self._backing is not None:
            self._backing.exit()
        if self._server is not None:
            await self._server.stop(seconds)
        await self._tasks.close()
        if self._backing is not None:
            self._backing.close()


def body(assignment: Assignment, sockets: Sequence[socket.socket]) -> Api:
    return Api(assignment, sockets)
