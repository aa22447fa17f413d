"""One client connection: reads requests one after another and runs an exchange for each."""

from __future__ import annotations

import asyncio
import enum
import logging
import socket
import struct
from collections.abc import Callable, Sequence

from gwctl.engine.http1.codec import BadRequest, End, Field, RequestHead, RequestReader
from gwctl.engine.proxy.downstream import ClientGone, ClientTimeout
from gwctl.engine.proxy.exchange import Exchange
from gwctl.engine.proxy.origin import Arrival
from gwctl.engine.proxy.phases import abandon, begin_exchange, land, run_exchange
from gwctl.engine.proxy.preamble import Announced
from gwctl.engine.proxy.quick import Landing
from gwctl.engine.proxy.refusing import give_up, refuse
from gwctl.engine.proxy.runtime import Runtime
from gwctl.engine.wire import Wire

_log = logging.getLogger("gwctl.engine")

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_RESET = struct.pack("ii", 1, 0)
_LINGER_BYTES = 1024 * 1024


class State(enum.Enum):
    """What a connection is doing; IDLE ones have sent nothing of a next request."""

    IDLE = enum.auto()
    READING = enum.auto()
    EXCHANGE = enum.auto()
    CLOSING = enum.auto()


class ClientConnection(Wire):
    """Implements Downstream for its exchanges.

    ``https``: whether it comes over a TlsTransport. ``joined`` and ``left`` are called once each.
    With ``misled`` the client speaks plainly on a TLS listener and is told so. ``announced`` is what a PROXY header in
    front of everything said.
    """

    def __init__(
        self,
        runtime: Runtime,
        loop: asyncio.AbstractEventLoop,
        port: int,
        *,
        https: bool,
        joined: Callable[[ClientConnection], None],
        left: Callable[[ClientConnection], None],
        misled: bool = False,
        announced: Announced | None = None,
    ) -> None:
        super().__init__(loop)
        self._runtime = runtime
        self._reader: RequestReader = runtime.config.codec.request_reader(runtime.config.limits)
        self._port = port
        self._https = https
        self._joined = joined
        self._left = left
        self._misled = misled
        self._announced = announced
        self._task: asyncio.Task[None] | None = None
        self._eof = False
        self._tunnel = False
        self._requests = 0
        self._continue = False
        self._running = False
        self._stopped = False
        self._flying: Exchange | None = None
        self.arrival = Arrival("", port, self._https)
        self.state = State.IDLE
        self.draining = False

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        sni = transport.get_extra_info("server_name") if self._https else None
        address = peer[0] if peer else ""
        trusted = address in self._runtime.config.trusted
        own = transport.get_extra_info("sockname")
        peer_port, local = (peer[1], own[0]) if address and own else (0, "")
        if self._announced is not None and trusted:
            peer_port, local = self._announced.source_port, self._announced.destination
        self.arrival = Arrival(address, self._port, self._https, sni, self._announced, trusted, peer_port, local)
        self._joined(self)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        if self.state is State.IDLE or self.state is State.READING:
            self._reader.feed(data)
            self._advance()
        else:
            super().data_received(data)

    def received(self, data: bytes) -> None:
        self._reader.feed(data)

    def backlog(self) -> int:
        return self._reader.buffered

    def eof_received(self) -> bool:
        self._eof = True
        self._hang_up()
        if self.state is State.IDLE or self.state is State.READING:
            self._advance()
        # a TLS connection cannot stay half open
        return not self._https

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._eof = True
        self._hang_up()
        if self.state is not State.EXCHANGE:
            self.state = State.CLOSING
        self._left(self)

    def _hang_up(self) -> None:
        # nobody waits for the answer any more: the upstream must not work for nothing
        if self.state is State.EXCHANGE and not self._tunnel:
            self._give_up()
        self.wake()

    def _give_up(self) -> None:
        if self._flying is not None:
            exchange = self._touch_down()
            abandon(exchange)
            self._end()
        elif self._task is not None and self._running:
            self._task.cancel()

    # what the engine asks for

    def stop(self) -> None:
        """End the connection at once, whatever it is doing."""
        self._stopped = True
        self._give_up()
        self.abort()

    def drain_soon(self) -> None:
        """Let the next response be the last."""
        self.draining = True

    def close_idle(self) -> None:
        """Close the connection if no request has begun."""
        if self.state is State.IDLE:
            self._end()

    # Downstream

    @property
    def complete(self) -> bool:
        return self._reader.complete

    @property
    def buffered(self) -> int:
        return self._reader.buffered

    @property
    def awaiting_continue(self) -> bool:
        return self._continue

    def limit_body(self, most: int) -> None:
        self._reader.limit_body(most)

    def ready(self) -> bytes | End | None:
        return self._reader.body()

    @property
    def trailers(self) -> Sequence[Field]:
        return self._reader.trailers

    async def next(self) -> bytes | End:
        while True:
            piece = self._reader.body()
            if piece is not None:
                await self.turn()
                return piece
            if self._eof:
                raise ClientGone
            if self._continue:
                self._continue = False
                self.write(_CONTINUE)
            try:
                await self.more(self._runtime.config.timeouts.body)
            except TimeoutError:
                raise ClientTimeout from None

    async def flush(self) -> None:
        if self.clogged:
            try:
                await self.drain(self._runtime.config.timeouts.client_write)
            except TimeoutError:
                self.abort()
                raise ClientGone from None
        if self.lost:
            raise ClientGone

    async def flushed(self, seconds: float) -> bool:
        try:
            await self.drain(seconds)
        except TimeoutError:
            return False
        if self.lost:
            raise ClientGone
        return True

    def cut(self, *, reset: bool) -> None:
        self.state = State.CLOSING
        if reset and self.transport is not None and not self.lost:
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.abort()
        else:
            self.close()

    def begin_tunnel(self) -> None:
        self._tunnel = True
        self._reader.rest()

    async def tunnelled(self, seconds: float) -> bytes:
        while True:
            data = self._reader.rest()
            if data or self._eof:
                return data
            await self.more(seconds)

    # the life of the connection: outside of requests, and while a flight is under way, it has no task

    def _advance(self) -> None:
        """Begin the next request if its head is there."""
        if self._task is not None or not (self.state is State.IDLE or self.state is State.READING):
            return
        try:
            head = self._reader.head()
            if self._misled and head is not None:
                line = b"%b %b HTTP/1.%d" % (head.method, head.target, head.minor)
                raise BadRequest(497, "plain HTTP on a TLS port", line)
            if head is None:
                self._await_head()
            else:
                self._begin(head)
        except BadRequest as error:
            self.write(refuse(error, self._runtime, self.arrival))
            self._over(keep_alive=False)
        except Exception:
            _log.exception("connection of %s failed", self.arrival.peer)
            self._end()

    def _await_head(self) -> None:
        if self._eof:
            self._end()
            return
        self.relieve()
        timeouts = self._runtime.config.timeouts
        if not self._reader.buffered:
            self.state = State.IDLE
            self.bound(timeouts.keepalive if self._requests else timeouts.first_byte)
        elif self.state is not State.READING:
            # for the whole head, however slowly it comes
            self.state = State.READING
            self.bound(timeouts.head)

    def expired(self) -> None:
        if self.state is State.CLOSING:
            self.abort()
            return
        if self.state is State.READING:
            give_up(self._reader.rest(), self._runtime, self.arrival)
        if self.state is State.IDLE or self.state is State.READING:
            self._end()

    def _begin(self, head: RequestHead) -> None:
        self.state = State.EXCHANGE
        self.bound(None)
        runtime = self._runtime
        self._requests += 1
        runtime.counters.requests += 1
        self._continue = head.expects_continue and not self._reader.complete
        if self._requests >= runtime.config.keepalive_requests:
            self.draining = True
        exchange = begin_exchange(self, head, runtime)
        if exchange.flight is not None and exchange.flight.sending is not None:
            self._flying = exchange
            exchange.flight.sending.upstream.listen(self._heard)
        else:
            self._task = self.loop.create_task(self._run(exchange), name="request")

    def _heard(self) -> None:
        """The upstream of a flight sent something, or is gone."""
        exchange = self._flying
        if exchange is None:
            return
        try:
            landing = land(exchange)
        except Exception:
            _log.exception("request %s failed", exchange.request_id)
            self._break_off(exchange)
            return
        if landing is Landing.DONE:
            self._flying = None
            self._over(keep_alive=exchange.keep_alive)
        elif landing is Landing.TASK:
            self._task = self.loop.create_task(self._run(self._touch_down()), name="request")
        elif exchange.flight is not None and exchange.flight.sending is not None:
            upstream = exchange.flight.sending.upstream
            upstream.bound(upstream.read_seconds)

    def _break_off(self, exchange: Exchange) -> None:
        """A mistake of ours ended the flight."""
        self._flying = None
        if exchange.flight is None:
            # only what comes after the response failed
            self._over(keep_alive=False)
        else:
            self.abort()
            self._end()
            abandon(exchange)

    def _touch_down(self) -> Exchange:
        """The exchange of the flight, which this connection no longer follows."""
        exchange, self._flying = self._flying, None
        if exchange is None or exchange.flight is None or exchange.flight.sending is None:
            raise RuntimeError("there is no flight")
        exchange.flight.sending.upstream.ignore()
        return exchange

    async def _run(self, exchange: Exchange) -> None:
        """The rest of a request that has to wait for something."""
        self._running = True
        keep_alive = False
        try:
            if self.lost or self._stopped or (self._eof and not self._tunnel):
                abandon(exchange)
            else:
                keep_alive = await run_exchange(exchange)
        except Exception:
            _log.exception("connection of %s failed", self.arrival.peer)
        finally:
            self._running = False
            self._task = None
            self._over(keep_alive=keep_alive)

    def _over(self, *, keep_alive: bool) -> None:
        """A response was given: wait for the next request, or part."""
        if not keep_alive:
            self.state = State.CLOSING
            self._task = self.loop.create_task(self._part(), name="goodbye")
        elif self._eof or not self._reader.complete:
            self._end()
        else:
            self.state = State.IDLE
            if self._reader.buffered:
                # others have their turn before the next of a pipeline
                self.loop.call_soon(self._advance)
            else:
                self._await_head()

    def _end(self) -> None:
        """Close; whoever does not take what was written loses it after a while."""
        self.state = State.CLOSING
        self.close()
        if not self.lost:
            self.bound(self._runtime.config.timeouts.client_write)

    async def _part(self) -> None:
        try:
            await self._goodbye()
        finally:
            self._end()

    async def _goodbye(self) -> None:
        """Close so that the last response arrives: end our side, then read what still comes for a moment."""
        transport = self.transport
        self.state = State.CLOSING
        if self._eof or self.lost or self._tunnel or transport is None or transport.is_closing():
            return
        if not transport.can_write_eof():
            return
        transport.write_eof()
        end = self.loop.time() + self._runtime.config.timeouts.linger
        dropped = 0
        while not self._eof and dropped < _LINGER_BYTES:
            dropped += len(self._reader.rest())
            try:
                await self.more(max(end - self.loop.time(), 0.001))
            except TimeoutError:
                return
