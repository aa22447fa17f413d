"""The plan of a route: everything about its requests that does not depend on the request."""

from __future__ import annotations

from dataclasses import dataclass

from gwctl.engine.balancer.peers import PeerSource
from gwctl.engine.tls.upstream import ClientTls


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
    tls: ClientTls | None
    default_port: int
    host: str | None
    peers: PeerSource
    name: str | None = None


@dataclass(slots=True, eq=False)
class ServiceCell:
    """What the routes of one service share, so that a change of the service touches one object and not its routes.

    ``service`` is None when it cannot be served, and in the cell of the routes without a service. ``missing`` are the
    plugins that this node lacks, of a route without plugins of its own. Both are replaced between two requests: a
    request reads each of them once.
    """

    service: ServicePlan | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """One route; ``cell`` is what it shares with the other routes of its service.

    ``redirect`` is the status for plain requests when only TLS ones are served, else None. ``grpc`` routes serve no
    HTTP/1 requests. ``old_paths``: base and path meet by path handling v1.
    ``own_missing``: see ``missing``, for a route with plugins of its own; else None.
    """

    route_id: str
    cell: ServiceCell
    strip: bool
    preserve_host: bool
    redirect: int | None
    grpc: bool
    buffer_request: bool
    buffer_response: bool
    own_missing: tuple[str, ...] | None
    name: str | None = None
    old_paths: bool = False

    @property
    def service(self) -> ServicePlan | None:
        """None for a route without a service, or with one that cannot be served."""
        return self.cell.service

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of plugins that this node lacks: with any, every request fails closed."""
        return self.cell.missing if self.own_missing is None else self.own_missing
