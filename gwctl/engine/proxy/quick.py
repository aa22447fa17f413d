"""The quick way: a request that is all there, a peer that is known and a connection that is open need no task.

It uses the same functions as the general way (forward.py, relay.py) and hands over to it, at any point, whatever turns
out to need waiting: a flight tells the general way what has been done already.
"""

from __future__ import annotations

import enum

from gwctl.engine.balancer.peers import NoPeer
from gwctl.engine.chain.plan import ServicePlan
from gwctl.engine.http1.codec import END, BadResponse, Framing, ResponseHead
from gwctl.engine.proxy.addressing import address_of, host_field, outgoing_head
from gwctl.engine.proxy.bodies import MemoryBody
from gwctl.engine.proxy.exchange import Exchange
from gwctl.engine.proxy.relay import begin_response
from gwctl.engine.proxy.sending import Flight, Sending

_MOST_BODY = 64 * 1024


class Landing(enum.Enum):
    """What became of a flight: the response is on its way to the client; more has to come; it needs a task."""

    DONE = enum.auto()
    WAIT = enum.auto()
    TASK = enum.auto()


def send(exchange: Exchange, service: ServicePlan) -> Flight | None:
    """Pick a peer and send the request if nothing has to be waited for; None when the body is not there yet."""
    body = _arrived(exchange)
    if body is None:
        return None
    head = outgoing_head(exchange, service, body)
    try:
        peer = service.peers.pick(exchange, ())
    except NoPeer:
        peer = None
    if peer is None:
        return Flight(service, None, head, body, None)
    exchange.peer = peer
    runtime = exchange.runtime
    exchange.picked = runtime.clock.monotonic()
    upstream = runtime.pool.take(address_of(exchange, service, peer))
    if upstream is None:
        return Flight(service, peer, head, body, None)
    sending = Sending(upstream, body)
    sending.start(exchange.head.method, head.head(host_field(exchange, service, peer)), service, upgrade=False)
    return Flight(service, peer, head, body, sending)


def _arrived(exchange: Exchange) -> MemoryBody | None:
    """The body if it is there and short, None when that has to be found out on the general way."""
    head, client = exchange.head, exchange.client
    if head.upgrade is not None:
        return None
    if head.framing is Framing.NONE:
        return MemoryBody(b"", head.length)
    length = head.length
    most = exchange.runtime.config.max_body
    if head.framing is not Framing.LENGTH or length is None or length > (min(most, _MOST_BODY) if most else _MOST_BODY):
        return None
    if client.buffered < length:
        return None
    data = client.ready()
    if data is None or data is END:
        return None
    return MemoryBody(data, length)


def receive(exchange: Exchange, sending: Sending) -> Landing:
    """Go on after something was heard of the upstream."""
    upstream = sending.upstream
    try:
        response = upstream.arrived()
    except BadResponse:
        return Landing.TASK
    if response is None:
        return Landing.TASK if upstream.lost or upstream.ended or upstream.fault is not None else Landing.WAIT
    if not _short(response, upstream.reader.buffered) or exchange.client.clogged:
        return Landing.TASK
    head = begin_response(exchange, sending, response)
    body = upstream.reader.body() if response.framing is Framing.LENGTH else END
    if body is END or body is None:
        exchange.client.write(head)
    else:
        exchange.client.write(head + body)
        exchange.body_bytes = len(body)
    return Landing.DONE


def _short(response: ResponseHead, buffered: int) -> bool:
    """Whether the whole response is there, and its body goes out with the head."""
    if response.framing is Framing.NONE:
        return not response.switching
    length = response.length
    return response.framing is Framing.LENGTH and length is not None and length <= min(buffered, _MOST_BODY)
