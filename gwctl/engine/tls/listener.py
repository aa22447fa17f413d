"""TLS listeners: the handshake of each client, until somebody speaks HTTP over it."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Generic, TypeVar, cast

from gwctl.engine.tls.certificates import Certificates
from gwctl.engine.tls.hello import HANDSHAKE, Hello, server_name
from gwctl.engine.tls.transport import TlsTransport

_log = logging.getLogger("gwctl.engine")

A = TypeVar("A")


class TlsListener(Generic[A]):
    """What the greetings of one listener share.

    ``connect`` makes the protocol of a connection: True when TLS is spoken, False when the client began without, so
    that it can be told; and what was announced about it before. ``admit`` is asked before a handshake begins,
    ``greeted`` called when one is over. ``silence`` bounds, in seconds, the wait for the first byte, ``handshake`` what
    follows. Sessions are those of ``context``, whichever certificate is shown.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        certificates: Certificates,
        *,
        connect: Callable[[bool, A], asyncio.Protocol],
        admit: Callable[[], bool],
        greeted: Callable[[], None],
        silence: float,
        handshake: float,
    ) -> None:
        self.context = context
        self.certificates = certificates
        self.connect = connect
        self.admit = admit
        self.greeted = greeted
        self.silence = silence
        self.handshake = handshake
        self.greetings: set[TlsGreeting[A]] = set()

    @property
    def greeting(self) -> int:
        """Connections that have not finished their greeting."""
        return len(self.greetings)

    def close(self) -> None:
        """Handshakes under way go on; whoever accepts has to end that."""

    async def stop(self) -> None:
        """End handshakes too."""
        for greeting in list(self.greetings):
            greeting.fail("the listener ends")


class TlsGreeting(asyncio.Protocol, Generic[A]):
    """One client until its handshake is done; then a TlsTransport takes its place, or nobody when TLS is not spoken."""

    __slots__ = ("_announced", "_buffer", "_incoming", "_listener", "_lower", "_name", "_outgoing", "_timer", "_tls")

    def __init__(self, listener: TlsListener[A], announced: A) -> None:
        self._listener = listener
        self._announced = announced
        self._buffer = b""
        self._lower: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tls: ssl.SSLObject | None = None
        self._name: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._lower = cast(asyncio.Transport, transport)
        listener = self._listener
        if not listener.admit():
            self._lower.abort()
            return
        listener.greetings.add(self)
        self._expire_in(listener.silence)

    def data_received(self, data: bytes) -> None:
        if self._tls is None:
            if self._lower is not None and not self._lower.is_closing():
                self._first(self._lower, data)
        else:
            self._incoming.write(data)
            self._shake()

    def eof_received(self) -> bool:
        self.fail("closed in its handshake")
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._over()

    def _first(self, lower: asyncio.Transport, data: bytes) -> None:
        if not self._buffer:
            if data[0] != HANDSHAKE:
                self._plain(lower, data)
                return
            self._expire_in(self._listener.handshake)
        self._buffer += data
        name = server_name(self._buffer)
        if name is Hello.INCOMPLETE:
            return
        self._start(name if isinstance(name, bytes) else None)
        self._incoming.write(self._buffer)
        self._buffer = b""
        self._shake()

    def _plain(self, lower: asyncio.Transport, data: bytes) -> None:
        """Somebody who does not speak TLS."""
        protocol = self._listener.connect(False, self._announced)
        lower.set_protocol(protocol)
        self._over()
        protocol.connection_made(lower)
        protocol.data_received(data)

    def _start(self, name: bytes | None) -> None:
        """Prepare the handshake with a client that asked for ``name``."""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = self._listener.context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        if name:
            self._name = name.decode("ascii", "backslashreplace").lower().removesuffix(".")
            chosen = self._listener.certificates.context(self._name)
            if chosen is not None:
                self._tls.context = chosen

    def _shake(self) -> None:
        lower, tls = self._lower, self._tls
        if lower is None or tls is None or lower.is_closing():
            return
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            if self._outgoing.pending:
                lower.write(self._outgoing.read())
            return
        except ssl.SSLError as error:
            if self._outgoing.pending:
                lower.write(self._outgoing.read())  # the alert
            self.fail((error.reason or "TLS failed").replace("_", " ").lower(), abort=False)
            return
        if self._outgoing.pending:
            lower.write(self._outgoing.read())
        self._open(lower, tls)

    def _open(self, lower: asyncio.Transport, tls: ssl.SSLObject) -> None:
        protocol = self._listener.connect(True, self._announced)
        transport = TlsTransport(lower, tls, self._incoming, self._outgoing, protocol, self._name)
        lower.set_protocol(transport)
        self._over()
        protocol.connection_made(transport)
        if self._incoming.pending:
            transport.begin()

    def fail(self, reason: str, *, abort: bool = True) -> None:
        """End the connection."""
        lower = self._lower
        if lower is not None and self in self._listener.greetings:
            peer = lower.get_extra_info("peername")
            _log.info("no TLS with %s: %s", peer[0] if peer else "a client", reason)
            if abort:
                lower.abort()
            else:
                lower.close()

    def _expire_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.fail, "it was too slow")

    def _over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self in self._listener.greetings:
            self._listener.greetings.discard(self)
            self._listener.greeted()
