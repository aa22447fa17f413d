"""From a request to its plan, or to the answer that the router gives (proxy.md 1.10, 4.4)."""

from __future__ import annotations

import logging
import re

from gwctl.engine.proxy.answers import Answer, core_answer
from gwctl.engine.proxy.exchange import Exchange
from gwctl.engine.router.paths import normal
from gwctl.engine.router.query import Query
from gwctl.engine.snapshot import Snapshot

_log = logging.getLogger("gwctl.engine")

# the port that a trusted peer names is that of plain requests
_NAME_AND_PORT = re.compile(rb"(\[[^\]]*\]|[^:]*):[0-9]*")

_NO_ROUTE = Answer(404, "no Route matched with those values")
_NO_SERVICE = Answer(503, "no Service found with those values")
_TLS_WANTED = Answer(
    426, "Please use HTTPS protocol", ((b"Connection", b"Upgrade"), (b"Upgrade", b"TLS/1.2, HTTP/1.1"))
)
_NOT_GRPC = Answer(415, "Non-gRPC request matched gRPC route")
_HTTP2_WANTED = Answer(426, "Please use HTTP2 protocol", ((b"connection", b"Upgrade"), (b"upgrade", b"HTTP/2")))


def route(exchange: Exchange, snapshot: Snapshot) -> Answer | None:
    """Set path and plan of ``exchange``; an answer when the request goes no further."""
    head = exchange.head
    if head.method == b"TRACE":
        # refused like a head that cannot be read, whatever it says about types (observed.md 4.3)
        return core_answer(405, kind=exchange.runtime.config.error_type, close=True)
    path = normal(head.path.partition(b"?")[0])
    if path is None:
        _log.error(
            "invalid utf-8 in the path of a request, 404 Not Found is returned, request_id: %s", exchange.request_id
        )
        return _NO_ROUTE
    exchange.path = path
    origin = exchange.origin
    query = Query(head, exchange.client.arrival, origin.host, origin.named_port, path, origin.client)
    exchange.found = snapshot.routes.match(query)
    if exchange.found is None:
        return _NO_ROUTE
    return _checks(exchange)


def _checks(exchange: Exchange) -> Answer | None:
    plan = exchange.plan
    if plan.redirect is not None and not exchange.origin.https:
        return _to_tls(exchange, plan.redirect)
    if plan.grpc:
        kind = exchange.head.first(b"content-type") or b""
        return _HTTP2_WANTED if kind.startswith(b"application/grpc") else _NOT_GRPC
    if plan.missing:
        plugin = plan.missing[0]
        _log.debug("route %s needs the plugin %s, which this node does not have", plan.route_id, plugin)
        return Answer(503, f"{plugin} plugin is not available on this node")
    return _NO_SERVICE if plan.service is None else None


def _to_tls(exchange: Exchange, status: int) -> Answer:
    if status == 426:
        return _TLS_WANTED
    host = exchange.origin.forwarded_host
    named = _NAME_AND_PORT.fullmatch(host)
    where = b"https://%b%b" % (host if named is None else named[1], exchange.head.path)
    return Answer(status, None, ((b"Location", where),))
