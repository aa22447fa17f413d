"""Sending a request upstream: body, peers, tries (proxy.md 2.5, 5)."""

from __future__ import annotations

import logging
from functools import partial

from gwctl.engine.balancer.peers import NoPeer, Peer
from gwctl.engine.balancer.ports import Broken, Outcome
from gwctl.engine.chain.plan import ServicePlan
from gwctl.engine.http1.codec import BadRequest, BadResponse, Framing
from gwctl.engine.proxy.answers import Answer, core_answer
from gwctl.engine.proxy.bodies import Body, MemoryBody, StreamBody, arrived, buffered
from gwctl.engine.proxy.exchange import Exchange
from gwctl.engine.proxy.forwarding import Outgoing, is_websocket, outgoing, passed_trailers, wants_trailers
from gwctl.engine.proxy.relay import relay
from gwctl.engine.proxy.retry import Cause, Failure, Verdict, judge
from gwctl.engine.proxy.sending import Sending
from gwctl.engine.router.hostport import split_host_port
from gwctl.engine.router.paths import encoded, header_text, upstream_path
from gwctl.engine.upstream.connection import Address, ConnectionClosed
from gwctl.engine.upstream.opening import ConnectFailed, open_connection

_log = logging.getLogger("gwctl.engine")


async def forward(exchange: Exchange, service: ServicePlan) -> Answer | None:
    """Proxy the request; an answer when the gateway has to give one. Raises ClientGone and ClientTimeout."""
    most = exchange.runtime.config.max_body
    try:
        if most:
            exchange.client.limit_body(most)
        body = await _body(exchange)
    except BadRequest as error:
        return core_answer(error.status, close=True)
    try:
        return await _tries(exchange, service, body)
    except BadRequest as error:
        return core_answer(error.status, close=True)
    finally:
        body.close()


async def _body(exchange: Exchange) -> Body:
    head, client = exchange.head, exchange.client
    if head.framing is Framing.NONE:
        return MemoryBody(b"", head.length)
    data, complete = arrived(client)
    if complete:
        return MemoryBody(data, len(data))
    if exchange.plan.buffer_request:
        return await buffered(client, data, exchange.runtime.executor)
    trailers = partial(passed_trailers, head) if wants_trailers(head) else None
    return StreamBody(client, data, head.framing, head.length, trailers)


async def _tries(exchange: Exchange, service: ServicePlan, body: Body) -> Answer | None:
    head = _outgoing(exchange, service, body)
    tried: list[Peer] = []
    peer: Peer | None = None
    left = service.retries
    while True:
        reuse = peer is None
        if peer is None:
            try:
                peer = await _pick(exchange, service, tried)
            except NoPeer as error:
                return core_answer(503) if tried else Answer(error.status, str(error))
        failure = await _followed(exchange, service, head, body, peer, reuse=reuse)
        if failure is None:
            return None
        verdict = judge(failure, exchange.head.method, left=left, replayable=body.replayable)
        _report(exchange, peer, failure, verdict)
        if verdict is Verdict.FREE:
            continue
        if service.peers.follows:
            broken = Broken.TIMEOUT if failure.timed_out else Broken.TCP
            service.peers.done(peer, Outcome(failure=broken))
        if verdict is Verdict.STOP:
            return core_answer(failure.status, proxied=True)
        left -= 1
        tried.append(peer)
        peer = None


async def _pick(exchange: Exchange, service: ServicePlan, tried: list[Peer]) -> Peer:
    source, clock = service.peers, exchange.runtime.clock
    peer = source.pick(exchange, tried)
    if peer is None:
        began = clock.monotonic()
        peer = await source.resolve(exchange, tried)
        exchange.picked = clock.monotonic()
        exchange.choosing = exchange.picked - began
    else:
        exchange.picked = clock.monotonic()
    exchange.peer = peer
    return peer


async def _followed(
    exchange: Exchange, service: ServicePlan, head: Outgoing, body: Body, peer: Peer, *, reuse: bool
) -> Failure | None:
    """One try, whose end the peer's source hears when it is the last one."""
    source = service.peers
    if not source.follows:
        return await _try(exchange, service, head, body, peer, reuse=reuse)
    failure = None
    try:
        failure = await _try(exchange, service, head, body, peer, reuse=reuse)
    finally:
        if failure is None:
            status = exchange.upstream_status
            seconds = exchange.runtime.clock.monotonic() - (exchange.picked or 0.0) if status else None
            source.done(peer, Outcome(status, seconds=seconds))
    return failure


def _report(exchange: Exchange, peer: Peer, failure: Failure, verdict: Verdict) -> None:
    if verdict is not Verdict.FREE:
        exchange.note_try(failure.status, last=verdict is Verdict.STOP)
    level = logging.DEBUG if verdict is Verdict.FREE else logging.ERROR
    _log.log(
        level,
        "upstream %s:%d failed (%s), client: %s, request: %s, request_id: %s",
        peer.authority,
        peer.port,
        failure.reason,
        exchange.origin.client,
        exchange.head.method.decode("latin-1"),
        exchange.request_id,
    )


def _outgoing(exchange: Exchange, service: ServicePlan, body: Body) -> Outgoing:
    plan, head = exchange.plan, exchange.head
    matched = exchange.found.matched if exchange.found is not None else None
    strip = plan.strip
    # a route without paths strips nothing, but the base and the path still meet like after a strip
    path = encoded(upstream_path(service.base, exchange.path, matched, strip=strip or matched is None))
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


async def _try(
    exchange: Exchange, service: ServicePlan, head: Outgoing, body: Body, peer: Peer, *, reuse: bool
) -> Failure | None:
    """One try; None when the response was relayed, well or not."""
    runtime = exchange.runtime
    address = Address(peer.ip, peer.port)
    if service.tls is not None:
        address = Address(peer.ip, peer.port, service.tls, _sni(exchange, service, peer))
    upstream = runtime.pool.take(address) if reuse else None
    reused = upstream is not None
    if upstream is None:
        try:
            config = runtime.config
            upstream = await open_connection(address, service.connect_seconds, config.limits, config.codec)
        except ConnectFailed as error:
            return Failure(Cause.CONNECT, error.timed_out, False, str(error))
    sending = Sending(upstream, body)
    try:
        return await _over(exchange, service, head, sending, host_field(exchange, service, peer), reused)
    finally:
        sending.finish(runtime.pool)


async def _over(
    exchange: Exchange, service: ServicePlan, head: Outgoing, sending: Sending, host: bytes, reused: bool
) -> Failure | None:
    method = exchange.head.method
    upgrade = is_websocket(exchange.head)
    try:
        sending.start(method, head.head(host), service, upgrade=upgrade)
        response = await sending.upstream.head()
    except TimeoutError:
        return Failure(Cause.TIMEOUT, True, reused, "timed out")
    except ConnectionClosed as error:
        return Failure(Cause.CLOSED, False, reused, f"closed before the response: {error}")
    except BadResponse as error:
        return Failure(Cause.INVALID, False, reused, f"invalid response: {error.rule}")
    await relay(exchange, service, sending, response)
    return None
