"""Sending an answer of the gateway itself, and what becomes of a request body that nobody wants."""

from __future__ import annotations

from gwctl.engine.http1.codec import END, BadRequest, Framing
from gwctl.engine.proxy.answering import answer_response
from gwctl.engine.proxy.answers import Answer
from gwctl.engine.proxy.downstream import ClientTimeout
from gwctl.engine.proxy.exchange import Exchange

_DRAIN_BYTES = 64 * 1024


async def give(exchange: Exchange, answer: Answer) -> None:
    """Send ``answer``. A small body that is still coming is read and dropped, any other ends the connection."""
    exchange.status = answer.status
    exchange.keep_alive = not answer.close and exchange.may_keep_alive() and _drainable(exchange)
    head, body = answer_response(
        answer, exchange.head, exchange.notes(), exchange.runtime.config, keep_alive=exchange.keep_alive
    )
    exchange.client.write(head + body)
    exchange.body_bytes = len(body)
    await exchange.client.flush()
    if exchange.keep_alive and not await _drained(exchange):
        exchange.keep_alive = False


def _drainable(exchange: Exchange) -> bool:
    client, head = exchange.client, exchange.head
    if client.complete:
        return True
    if client.awaiting_continue:
        return False
    return head.framing is Framing.CHUNKED or (head.length or 0) <= _DRAIN_BYTES


async def _drained(exchange: Exchange) -> bool:
    size = 0
    try:
        while size <= _DRAIN_BYTES:
            piece = await exchange.client.next()
            if piece is END:
                return True
            size += len(piece)
    except (BadRequest, ClientTimeout):
        pass
    return False
