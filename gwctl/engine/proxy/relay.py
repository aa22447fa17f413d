"""The response half: head and body to the client, with backpressure."""

from __future__ import annotations

import logging

from gwctl.engine.chain.plan import ServicePlan
from gwctl.engine.http1.codec import END, BadRequest, BadResponse, Framing, ResponseHead
from gwctl.engine.proxy.downstream import ClientGone
from gwctl.engine.proxy.exchange import Exchange
from gwctl.engine.proxy.forwarding import wants_trailers
from gwctl.engine.proxy.returning import client_framing, response_head, response_trailers
from gwctl.engine.proxy.sending import Sending
from gwctl.engine.proxy.spool import spooled
from gwctl.engine.proxy.tunnel import tunnel
from gwctl.engine.upstream.connection import ConnectionClosed

_log = logging.getLogger("gwctl.engine")

_FLUSH_BYTES = 64 * 1024
_FLUSH_PIECES = 4
# of waiting for the client in one response; then it is slow, and the upstream is not to wait for it
_PATIENCE_SECONDS = 0.25


async def relay(exchange: Exchange, service: ServicePlan, sending: Sending, response: ResponseHead) -> None:
    """Pass ``response`` on. A body that breaks off cuts the client's connection, so that it never looks complete."""
    head = begin_response(exchange, sending, response)
    framing = client_framing(exchange.head, response)
    if response.switching:
        exchange.keep_alive = False
        await tunnel(exchange, service, sending.upstream, head)
        return
    # only the end of the connection tells an old client where the body ends
    reset = framing is Framing.UNTIL_CLOSE
    try:
        await _body(exchange, sending, response, framing, head)
    except (BadResponse, ConnectionClosed, TimeoutError) as error:
        # the error itself would keep all that it went through as long as somebody keeps the line
        reason = str(error) or "it stopped"
        _log.error("response of the upstream broke off (%s), request_id: %s", reason, exchange.request_id)
        exchange.keep_alive = False
        exchange.client.cut(reset=reset)
    except BadRequest:
        # the client broke its own body while it was being answered
        exchange.client.cut(reset=reset)
        raise ClientGone from None
    except BaseException:
        exchange.client.cut(reset=reset)
        raise


def begin_response(exchange: Exchange, sending: Sending, response: ResponseHead) -> bytes:
    """The head that the client gets; from now on this is the response of ``exchange``."""
    exchange.status = exchange.upstream_status = response.status
    framing = client_framing(exchange.head, response)
    # an early response: the rest of the request is not wanted
    whole = sending.done and exchange.client.complete
    exchange.keep_alive = whole and framing is not Framing.UNTIL_CLOSE and exchange.may_keep_alive()
    return response_head(
        exchange.head, response, framing, exchange.notes(), exchange.runtime.config, keep_alive=exchange.keep_alive
    )


async def _body(exchange: Exchange, sending: Sending, response: ResponseHead, framing: Framing, head: bytes) -> None:
    client, upstream = exchange.client, sending.upstream
    chunked = framing is Framing.CHUNKED
    pending, size = [head], 0
    patience = _PATIENCE_SECONDS
    trailers: bytes | None = None

    def received() -> None:
        nonlocal trailers
        trailers = _trailers(exchange, sending, response)
        sending.finish(exchange.runtime.pool)

    while True:
        piece = upstream.reader.body()
        if piece is None or size >= _FLUSH_BYTES or len(pending) >= _FLUSH_PIECES:
            # a long body comes in large pieces: one alone is not copied
            client.write(pending[0] if len(pending) == 1 else b"".join(pending))
            exchange.body_bytes += size
            pending, size = [], 0
            if client.clogged and exchange.plan.buffer_response:
                began = upstream.loop.time()
                if not await client.flushed(patience):
                    await spooled(exchange, sending, framing, piece, received)
                    break
                patience = max(patience - upstream.loop.time() + began, 0.001)
            else:
                await client.flush()
            if piece is None:
                piece = await upstream.body()
            else:
                await upstream.turn()
        if piece is END:
            break
        size += len(piece)
        pending.append(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
    if chunked:
        pending.append(b"0\r\n%b\r\n" % (_trailers(exchange, sending, response) if trailers is None else trailers))
    client.write(b"".join(pending))
    exchange.body_bytes += size
    await client.flush()


def _trailers(exchange: Exchange, sending: Sending, response: ResponseHead) -> bytes:
    fields = sending.upstream.reader.trailers
    if not fields or not wants_trailers(exchange.head):
        return b""
    return response_trailers(exchange.head, response, fields, exchange.runtime.config)
