"""One request from its head to its log line, phase by phase (ARCHITECTURE.md, how a request flows)."""

from __future__ import annotations

import logging

from gwctl.engine.http1.codec import RequestHead
from gwctl.engine.proxy.answers import core_answer
from gwctl.engine.proxy.downstream import ClientGone, ClientTimeout, Downstream
from gwctl.engine.proxy.exchange import Exchange, open_exchange
from gwctl.engine.proxy.forward import forward
from gwctl.engine.proxy.giving import give
from gwctl.engine.proxy.routing import route
from gwctl.engine.proxy.runtime import Runtime
from gwctl.engine.snapshot import Snapshot

_log = logging.getLogger("gwctl.engine")

_CLIENT_CLOSED = 499
_CLIENT_TIMEOUT = 408


async def run_exchange(client: Downstream, head: RequestHead, runtime: Runtime) -> bool:
    """Answer one request. True when the connection may carry another one."""
    exchange = open_exchange(client, head, runtime)
    snapshot = runtime.snapshot()
    snapshot.acquire()
    failed_as = _CLIENT_CLOSED
    try:
        await _phases(exchange, snapshot)
    except ClientGone:
        exchange.keep_alive = False
    except ClientTimeout:
        exchange.keep_alive = False
        failed_as = _CLIENT_TIMEOUT
    finally:
        snapshot.release()
        exchange.status = exchange.status or failed_as
        exchange.log()
    return exchange.keep_alive


async def _phases(exchange: Exchange, snapshot: Snapshot) -> None:
    try:
        answer = route(exchange, snapshot)
        if answer is None and exchange.plan.service is not None:
            answer = await forward(exchange, exchange.plan.service)
    except (ClientGone, ClientTimeout):
        raise
    except Exception:
        # a mistake of ours in one request must end neither the worker nor the connection without a word
        _log.exception("request %s failed", exchange.request_id)
        if exchange.status:
            raise ClientGone from None
        answer = core_answer(500, close=True)
    if answer is not None:
        await give(exchange, answer)
