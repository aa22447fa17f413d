"""Where a request goes and what it says there: path, Host and server name (proxy.md 1.8, 2.4)."""

from __future__ import annotations

from gwctl.engine.balancer.peers import Peer
from gwctl.engine.chain.plan import ServicePlan
from gwctl.engine.proxy.bodies import Body
from gwctl.engine.proxy.exchange import Exchange
from gwctl.engine.proxy.forwarding import Outgoing, outgoing
from gwctl.engine.router.hostport import split_host_port
from gwctl.engine.router.paths import encoded, header_text, upstream_path
from gwctl.engine.upstream.connection import Address


def outgoing_head(exchange: Exchange, service: ServicePlan, body: Body) -> Outgoing:
    """The head for an upstream (proxy.md 1.8, 2.2), whatever peer gets it."""
    plan, head = exchange.plan, exchange.head
    matched = exchange.found.matched if exchange.found is not None else None
    strip = plan.strip
    # a route without paths strips nothing, but the base and the path still meet like after a strip
    path = encoded(
        upstream_path(service.base, exchange.path, matched, strip=strip or matched is None, old=plan.old_paths)
    )
    _, mark, query = head.path.partition(b"?")
    prefix = header_text(matched) if strip and matched and matched != "/" else None
    request_id = exchange.request_id.encode() if exchange.runtime.config.upstream_request_id else None
    return outgoing(head, exchange.origin, path + mark + query, prefix, request_id, body.framing, body.length)


def host_field(exchange: Exchange, service: ServicePlan, peer: Peer) -> bytes:
    """The Host of a try (proxy.md 2.4)."""
    if exchange.plan.preserve_host and exchange.head.host:
        return exchange.head.host
    name = service.host or peer.authority
    return name.encode() if peer.port == service.default_port else b"%b:%d" % (name.encode(), peer.port)


def _sni(exchange: Exchange, service: ServicePlan, peer: Peer) -> str | None:
    """The name of an upstream in its handshake; None for one that goes by its address."""
    if exchange.plan.preserve_host and exchange.origin.host:
        return exchange.origin.host
    return split_host_port(service.host)[0] if service.host else peer.host


def address_of(exchange: Exchange, service: ServicePlan, peer: Peer) -> Address:
    """The address of ``peer`` with the TLS that the service wants there."""
    if service.tls is None:
        return Address(peer.ip, peer.port)
    return Address(peer.ip, peer.port, service.tls, _sni(exchange, service, peer))
