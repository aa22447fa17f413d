"""The plan of a route: everything about its requests that does not depend on the request."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from gwctl.engine.balancer.peers import PeerSource


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """Where and how to forward. Timeouts are seconds; ``host`` replaces a peer's own name in Host and SNI when set.

    ``tls`` is None for plain HTTP; ``default_port`` is the port that Host leaves out.
    """

    id: str
    base: str
    retries: int
    connect_seconds: float
    write_seconds: float
    read_seconds: float
    tls: ssl.SSLContext | None
    default_port: int
    host: str | None
    peers: PeerSource


@dataclass(frozen=True, slots=True)
class MissingPlugin:
    """An enabled plugin that this node cannot run, with the protocols it was configured for."""

    name: str
    protocols: frozenset[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """One route with its service; ``service`` is None for a route without one.

    ``redirect`` is the status for plain requests when only TLS ones are served, else None. ``grpc`` routes serve no
    HTTP/1 requests. ``missing`` are the plugins that make every request fail closed.
    """

    route_id: str
    service: ServicePlan | None
    strip: bool
    preserve_host: bool
    redirect: int | None
    grpc: bool
    buffer_request: bool
    missing: tuple[MissingPlugin, ...]

    def blocked_by(self, scheme: str) -> str | None:
        """The name of a plugin that would have to run for ``scheme`` and cannot."""
        for plugin in self.missing:
            if scheme in plugin.protocols:
                return plugin.name
        return None
