"""Sending a request upstream: body, peers, tries (proxy.md 2.5, 5)."""

from __future__ import annotations

import logging
from functools import partial

from gwctl.engine.balancer.peers import NoPeer, Peer
from gwctl.engine.balancer.ports import Broken, Outcome
from gwctl.engine.chain.plan import ServicePlan
from gwctl.engine.http1.codec import BadRequest, BadResponse, Framing
from gwctl.engine.proxy.addressing import address_of, host_field, outgoing_head
from gwctl.engine.proxy.answers import Answer, core_answer
from gwctl.engine.proxy.bodies import Body, MemoryBody, NotKept, StreamBody, arrived, buffered
from gwctl.engine.proxy.exchange import Exchange
from gwctl.engine.proxy.forwarding import Outgoing, is_websocket, passed_trailers, wants_trailers
from gwctl.engine.proxy.relay import relay
from gwctl.engine.proxy.retry import Cause, Failure, Verdict, judge
from gwctl.engine.proxy.sending import Sending
from gwctl.engine.upstream.connection import ConnectionClosed
from gwctl.engine.upstream.opening import ConnectFailed, open_connection

_log = logging.getLogger("gwctl.engine")


async def forward(exchange: Exchange, service: ServicePlan) -> Answer | None:
    """Proxy the request; an answer when the gateway has to give one. Raises ClientGone and ClientTimeout.

    With a ``flight`` of the exchange its first try is already under way.
    """
    if exchange.flight is not None:
        return await _tries(exchange, service, exchange.flight.body)
    most = exchange.runtime.config.max_body
    try:
        if most:
            exchange.client.limit_body(most)
        body = await _body(exchange)
    except BadRequest as error:
        return core_answer(error.status, close=True)
    except NotKept as error:
        _log.error(
            "a request's body cannot be kept in a temporary file (%s), request_id: %s", error, exchange.request_id
        )
        return core_answer(500, close=True)
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
    flight, exchange.flight = exchange.flight, None
    head = outgoing_head(exchange, service, body) if flight is None else flight.head
    tried: list[Peer] = []
    peer: Peer | None = None
    left = service.retries
    while True:
        reuse = peer is None
        if flight is not None:
            peer = flight.peer
        if peer is None:
            try:
                peer = await _pick(exchange, service, tried)
            except NoPeer as error:
                return core_answer(503) if tried else Answer(error.status, str(error))
        sent = None if flight is None else flight.sending
        failure = await _followed(exchange, service, head, body, peer, sent, reuse=reuse)
        if failure is None:
            return None
        flight = None
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
    exchange: Exchange,
    service: ServicePlan,
    head: Outgoing,
    body: Body,
    peer: Peer,
    sent: Sending | None,
    *,
    reuse: bool,
) -> Failure | None:
    """One try, whose end the peer's source hears when it is the last one."""
    failure = None
    try:
        failure = await _try(exchange, service, head, body, peer, sent, reuse=reuse)
    finally:
        if failure is None and service.peers.follows:
            tell_end(exchange, service, peer)
    return failure


def tell_end(exchange: Exchange, service: ServicePlan, peer: Peer) -> None:
    """Let the source of ``peer`` know that the response has ended, or that it will not be waited for."""
    status = exchange.upstream_status
    seconds = exchange.runtime.clock.monotonic() - (exchange.picked or 0.0) if status else None
    service.peers.done(peer, Outcome(status, seconds=seconds))


def _report(exchange: Exchange, peer: Peer, failure: Failure, verdict: Verdict) -> None:
    if verdict is not Verdict.FREE:
        exchange.note_try(failure.status)
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


async def _try(
    exchange: Exchange,
    service: ServicePlan,
    head: Outgoing,
    body: Body,
    peer: Peer,
    sent: Sending | None,
    *,
    reuse: bool,
) -> Failure | None:
    """One try, which begins at the response if the request was ``sent``; None when one was relayed, well or not."""
    runtime = exchange.runtime
    if sent is not None:
        try:
            return await _response(exchange, service, sent, True)
        finally:
            sent.finish(runtime.pool)
    address = address_of(exchange, service, peer)
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
        line = host_field(exchange, service, peer)
        sending.start(exchange.head.method, head.head(line), service, upgrade=is_websocket(exchange.head))
        return await _response(exchange, service, sending, reused)
    finally:
        sending.finish(runtime.pool)


async def _response(exchange: Exchange, service: ServicePlan, sending: Sending, reused: bool) -> Failure | None:
    try:
        response = await sending.upstream.head()
    except TimeoutError:
        return Failure(Cause.TIMEOUT, True, reused, "timed out")
    except ConnectionClosed as error:
        return Failure(Cause.CLOSED, False, reused, f"closed before the response: {error}")
    except BadResponse as error:
        return Failure(Cause.INVALID, False, reused, f"invalid response: {error.rule}")
    await relay(exchange, service, sending, response)
    return None
