"""The Status API in the supervisor: it answers also when every other process is busy or gone."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from gwctl.certs import listener_tls
from gwctl.kit.clock import SystemClock
from gwctl.node import report
from gwctl.node.crew import Crew
from gwctl.node.fetching import Fetching
from gwctl.node.http_server import HttpServer, HttpSocket
from gwctl.node.plan import API
from gwctl.node.rollout import Rollout
from gwctl.settings import DATA_PLANE, Listener, Settings
from gwctl.status import StatusContext, status_app


class StatusServer:
    """Serves nothing until ``serve``; a second ``serve`` replaces the listeners."""

    def __init__(
        self, role: str, figures: report.Report, crew: Crew, rollout: Rollout, fetching: Fetching | None = None
    ) -> None:
        self._role = role
        self._figures = figures
        self._crew = crew
        self._rollout = rollout
        self._fetching = fetching
        self._server: HttpServer | None = None

    async def serve(self, settings: Settings, sockets: Sequence[tuple[Listener, socket.socket]]) -> None:
        await self.stop()
        if not sockets:
            return
        clock = SystemClock()
        without_database = self._role == DATA_PLANE or self._figures.declarative
        context = StatusContext(
            role=self._role,
            clock=clock,
            server_stats=lambda: self._figures.server(self._crew.everyone()).as_dict(),
            workers=lambda: self._figures.memory(self._crew.members),
            readiness=lambda: self._figures.readiness(self._crew.members, self._rollout.current),
            configuration_hash=self._hash if without_database else None,
            database_reachable=None if without_database else self._database,
            admin=self._fetching.get if self._figures.declarative and self._fetching is not None else None,
        )
        self._server = HttpServer(status_app(context), clock)
        secure = any(listener.ssl for listener, _ in sockets)
        tls = listener_tls(settings, "status_listen", now=clock.now()) if secure else None
        await self._server.serve([HttpSocket(sock.dup(), tls if listener.ssl else None) for listener, sock in sockets])

    async def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.stop(0.5)

    def _hash(self) -> str | None:
        return report.config_hash(self._rollout.current)

    def _database(self) -> bool:
        """What the process that uses the database last said."""
        return any(member.stats.get("database") is True for member in self._crew.of(API))
