"""The open TLS connection of a client, as a transport for whoever speaks HTTP over it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterable
from typing import Any

SLICE = 16 * 1024
"""OpenSSL's memory buffers keep the size that they once had, for as long as a connection lives: they are fed slices."""

_RECORD = SLICE + 256


class TlsTransport(asyncio.Transport, asyncio.Protocol):
    """Stands between ``lower``, whose protocol it is, and ``protocol``, whose transport it is.

    The handshake is over; ``incoming`` may hold records that came with its end. The name that the client asked for is
    the extra info ``server_name``.
    """

    __slots__ = ("_closing", "_ended", "_incoming", "_lower", "_name", "_outgoing", "_protocol", "_shut", "_tls")

    def __init__(
        self,
        lower: asyncio.Transport,
        tls: ssl.SSLObject,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        protocol: asyncio.Protocol,
        name: str | None,
    ) -> None:
        self._lower = lower
        self._tls = tls
        self._incoming = incoming
        self._outgoing = outgoing
        self._protocol = protocol
        self._name = name
        self._closing = False
        self._shut = False
        self._ended = False

    # what the lower transport calls

    def data_received(self, data: bytes) -> None:
        if self._ended or self._lower.is_closing():
            return
        try:
            if len(data) <= SLICE:
                self._incoming.write(data)
                pieces = self._decrypted()
            else:
                pieces = []
                view = memoryview(data)
                for start in range(0, len(data), SLICE):
                    self._incoming.write(view[start : start + SLICE])
                    pieces += self._decrypted()
        except ssl.SSLError:
            self._flush()  # the alert that says what was wrong
            self.abort()
            return
        if pieces:
            self._protocol.data_received(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        self._flush()
        self._tell_end()

    def eof_received(self) -> bool:
        if not self._ended:
            self._ended = True
            self._tell_end()
        return not self._lower.is_closing()

    def connection_lost(self, error: Exception | None) -> None:
        self._closing = self._ended = True
        self._protocol.connection_lost(error)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()

    def begin(self) -> None:
        """Give the protocol what came with the end of the handshake."""
        self.data_received(b"")

    def _decrypted(self) -> list[bytes]:
        pieces: list[bytes] = []
        read, incoming = self._tls.read, self._incoming
        while incoming.pending:
            try:
                piece = read(_RECORD)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                piece = b""
            if not piece:
                self._ended = True
                break
            pieces.append(piece)
        return pieces

    def _tell_end(self) -> None:
        if self._ended and not self._protocol.eof_received():
            self.close()

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._lower.write(self._outgoing.read())

    # what the protocol calls

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing or self._shut or not data:
            return
        if len(data) <= SLICE:
            self._tls.write(data)
            self._lower.write(self._outgoing.read())
            return
        view = memoryview(data)
        sealed = []
        for start in range(0, len(data), SLICE):
            self._tls.write(view[start : start + SLICE])
            sealed.append(self._outgoing.read())
        self._lower.writelines(sealed)

    def writelines(self, pieces: Iterable[bytes | bytearray | memoryview]) -> None:
        self.write(b"".join(pieces))

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        """Tell the client that nothing more comes; what it still sends is read."""
        self._say_goodbye()
        if self._lower.can_write_eof():
            self._lower.write_eof()

    def close(self) -> None:
        if not self._closing:
            self._say_goodbye()
            self._closing = True
            self._lower.close()

    def _say_goodbye(self) -> None:
        if self._shut or self._closing or self._lower.is_closing():
            return
        self._shut = True
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        self._flush()

    def abort(self) -> None:
        self._closing = True
        self._lower.abort()

    def is_closing(self) -> bool:
        return self._closing or self._lower.is_closing()

    def pause_reading(self) -> None:
        self._lower.pause_reading()

    def resume_reading(self) -> None:
        self._lower.resume_reading()

    def is_reading(self) -> bool:
        return self._lower.is_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._lower.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        return self._lower.get_write_buffer_size()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        if not isinstance(protocol, asyncio.Protocol):
            raise TypeError(f"{protocol!r} is no protocol for streams")
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        if name == "server_name":
            return self._name
        if name == "ssl_object":
            return self._tls
        return self._lower.get_extra_info(name, default)
