"""The request half of one try: writes head and body, and gives the connection back when all went well."""

from __future__ import annotations

import asyncio

from gwctl.engine.balancer.peers import Peer
from gwctl.engine.chain.plan import ServicePlan
from gwctl.engine.proxy.bodies import Body, MemoryBody
from gwctl.engine.proxy.forwarding import Outgoing
from gwctl.engine.upstream.connection import UpstreamConnection
from gwctl.engine.upstream.pool import Pool


class Sending:
    """One request on one connection. ``finish`` must be called, whatever happened."""

    __slots__ = ("_body", "_finished", "_pump", "upstream")

    def __init__(self, upstream: UpstreamConnection, body: Body) -> None:
        self.upstream = upstream
        self._body = body
        self._pump: asyncio.Task[None] | None = None
        self._finished = False

    @property
    def done(self) -> bool:
        """True when the whole request was written."""
        return self._pump is None or self._pump.done()

    def start(self, method: bytes, head: bytes, service: ServicePlan, *, upgrade: bool) -> None:
        """Write the head and begin with the body."""
        upstream, body = self.upstream, self._body
        upstream.begin(method, service.read_seconds, upgrade=upgrade)
        upstream.write(head + body.inline if body.inline else head)
        if body.streams:
            upstream.sending = True
            self._pump = upstream.loop.create_task(self._run(service.write_seconds), name="request body")

    async def _run(self, write_seconds: float) -> None:
        try:
            await self._body.pump(self.upstream, write_seconds)
        except Exception as fault:
            self.upstream.fail(fault)
        else:
            self.upstream.sent()

    def finish(self, pool: Pool) -> None:
        """Stop sending; the pool keeps the connection if request and response are complete. Only the first call counts:
        after it the connection may be another request's."""
        if self._finished:
            return
        self._finished = True
        if self._pump is not None and not self._pump.done():
            self._pump.cancel()
            self.upstream.abort()
        elif self.upstream.fault is not None:
            self.upstream.abort()
        else:
            pool.give(self.upstream)


class Flight:
    """A first try: the request was taken from the client, its peer was picked unless that is None and, unless
    ``sending`` is None, all of it was written."""

    __slots__ = ("body", "head", "peer", "sending", "service")

    def __init__(
        self, service: ServicePlan, peer: Peer | None, head: Outgoing, body: MemoryBody, sending: Sending | None
    ) -> None:
        self.service = service
        self.peer = peer
        self.head = head
        self.body = body
        self.sending = sending
