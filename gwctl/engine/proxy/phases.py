"""One request from its head to its log line, phase by phase (ARCHITECTURE.md, how a request flows).

``begin_exchange`` goes as far as nothing has to be waited for. A request that is under way then (``flight``) ends in
``land`` when its response comes in one piece; whatever has to wait for something goes on in ``run_exchange``.
"""

from __future__ import annotations

import logging

from gwctl.engine.http1.codec import RequestHead
from gwctl.engine.proxy.answers import Answer, core_answer
from gwctl.engine.proxy.downstream import ClientGone, ClientTimeout, Downstream
from gwctl.engine.proxy.exchange import Exchange, open_exchange
from gwctl.engine.proxy.forward import forward, tell_end
from gwctl.engine.proxy.giving import give
from gwctl.engine.proxy.quick import Landing, receive, send
from gwctl.engine.proxy.routing import route
from gwctl.engine.proxy.runtime import Runtime

_log = logging.getLogger("gwctl.engine")

_CLIENT_CLOSED = 499
_CLIENT_TIMEOUT = 408


def begin_exchange(client: Downstream, head: RequestHead, runtime: Runtime) -> Exchange:
    """Route a request and send it on if that takes no waiting."""
    exchange = open_exchange(client, head, runtime)
    try:
        exchange.answer = route(exchange, exchange.snapshot)
        if exchange.answer is None:
            exchange.service = exchange.plan.service
            if exchange.service is not None:
                exchange.flight = send(exchange, exchange.service)
    except Exception:
        exchange.answer = _mistake(exchange)
    return exchange


def land(exchange: Exchange) -> Landing:
    """Go on when the upstream of a flight was heard of. After DONE the request is over."""
    flight = exchange.flight
    if flight is None or flight.sending is None:
        return Landing.TASK
    landing = receive(exchange, flight.sending)
    if landing is Landing.DONE:
        _end_flight(exchange)
    return landing


def abandon(exchange: Exchange) -> None:
    """Nobody waits for the response of a flight any more."""
    exchange.keep_alive = False
    if exchange.flight is not None and exchange.flight.sending is not None:
        exchange.flight.sending.upstream.abort()
    _end_flight(exchange)


def _end_flight(exchange: Exchange) -> None:
    flight, exchange.flight = exchange.flight, None
    try:
        if flight is not None:
            if flight.sending is not None:
                flight.sending.upstream.ignore()
                flight.sending.finish(exchange.runtime.pool)
            if flight.peer is not None and flight.service.peers.follows:
                tell_end(exchange, flight.service, flight.peer)
    finally:
        exchange.close(failed_as=_CLIENT_CLOSED)


async def run_exchange(exchange: Exchange) -> bool:
    """Answer a request that was begun. True when the connection may carry another one."""
    failed_as = _CLIENT_CLOSED
    try:
        await _phases(exchange)
    except ClientGone:
        exchange.keep_alive = False
    except ClientTimeout:
        exchange.keep_alive = False
        failed_as = _CLIENT_TIMEOUT
    finally:
        exchange.close(failed_as=failed_as)
    return exchange.keep_alive


async def _phases(exchange: Exchange) -> None:
    answer = exchange.answer
    try:
        if answer is None and exchange.service is not None:
            answer = await forward(exchange, exchange.service)
    except (ClientGone, ClientTimeout):
        raise
    except Exception:
        answer = _mistake(exchange)
        if exchange.status:
            raise ClientGone from None
    if answer is not None:
        await give(exchange, answer)


def _mistake(exchange: Exchange) -> Answer:
    """A mistake of ours in one request must end neither the worker nor the connection without a word."""
    _log.exception("request %s failed", exchange.request_id)
    return core_answer(500, close=True)
