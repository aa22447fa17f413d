"""One request from its head to its log line, phase by phase (house: how a request flows)."""

from __future__ import annotations

import logging

from gwctl.engine.http1.codec import RequestHead
from gwctl.engine.proxy.answers import core_answer
from gwctl.engine.proxy.downstream import ClientGone, ClientTimeout, Downstream
from gwctl.engine.proxy.exchange import open_exchange
from gwctl.engine.proxy.forward import forward
from gwctl.engine.proxy.giving import give
from gwctl.engine.proxy.routing import route
from gwctl.engine.proxy.runtime import Runtime

_log = logging.getLogger("gwctl.engine")

_CLIENT_CLOSED = 499


async def run_exchange(client: Downstream, head: RequestHead, runtime: Runtime) -> bool:
    """Answer one request. True when the connection may carry another one."""
    snapshot = runtime.snapshot()
    snapshot.acquire()
    exchange = open_exchange(client, head, runtime)
    finished = False
    try:
        answer = route(exchange, snapshot)
        if answer is None and exchange.plan.service is not None:
            answer = await forward(exchange, exchange.plan.service)
        if answer is not None:
            await give(exchange, answer)
        finished = True
    except (ClientGone, ClientTimeout):
        exchange.keep_alive = False
    except Exception:
        # a bug in one request must not end the connection without an answer, and never the worker
        _log.exception("request %s failed", exchange.request_id)
        exchange.keep_alive = False
        if not exchange.status:
            await give(exchange, core_answer(500, close=True))
    finally:
        snapshot.release()
        if not finished:
            exchange.status = exchange.status or _CLIENT_CLOSED
        exchange.log()
    return exchange.keep_alive
