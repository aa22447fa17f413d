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
class Plan:
    """One route with its service; ``service`` is None for a route without one.

    ``redirect`` is the status for plain requests when only TLS ones are served, else None. ``grpc`` routes serve no
    HTTP/1 requests. ``missing`` are the names of plugins that this node lacks: with any, every request fails closed.
    """

    route_id: str
    service: ServicePlan | None
    strip: bool
    preserve_host: bool
    redirect: int | None
    grpc: bool
    buffer_request: bool
    missing: tuple[str, ...]
