"""The readers of the codec ``fast``: common messages are read here, any other goes to an h11 reader untouched."""

from __future__ import annotations

from collections.abc import Sequence

from gwctl.engine.http1 import blocks, fast
from gwctl.engine.http1.codec import (
    END,
    BadRequest,
    BadResponse,
    End,
    Field,
    Framing,
    HeadLimits,
    RequestHead,
    ResponseHead,
)
from gwctl.engine.http1.requests import FIRST_BYTES, H11RequestReader, bad_block
from gwctl.engine.http1.responses import H11ResponseReader

_HEAD_END = b"\r\n\r\n"

# A buffer is ``bytes`` as long as it holds one piece as it was received, so that nothing is copied, and a ``bytearray``
# once pieces are added up.
_Buffer = bytes | bytearray


def _added(buffer: _Buffer, data: bytes) -> _Buffer:
    if isinstance(buffer, bytearray):
        buffer += data
        return buffer
    return bytearray(buffer) + data


def _without(buffer: _Buffer, size: int) -> _Buffer:
    if isinstance(buffer, bytearray):
        del buffer[:size]
        return buffer
    # many messages in one piece: what is left of a bytearray is not copied again
    return bytearray(memoryview(buffer)[size:])


class FastRequestReader:
    """RequestReader (see codec.py). An h11 reader has a message from its first byte to its last, or not at all."""

    __slots__ = ("_buffer", "_left", "_limits", "_slow")

    def __init__(self, limits: HeadLimits) -> None:
        self._limits = limits
        self._buffer: _Buffer = b""
        self._left = 0
        self._slow: H11RequestReader | None = None

    @property
    def buffered(self) -> int:
        return len(self._buffer) if self._slow is None else self._slow.buffered

    @property
    def complete(self) -> bool:
        return not self._left if self._slow is None else self._slow.complete

    @property
    def trailers(self) -> Sequence[Field]:
        return () if self._slow is None else self._slow.trailers

    def feed(self, data: bytes) -> None:
        if self._slow is not None:
            self._slow.feed(data)
        elif self._buffer:
            self._buffer = _added(self._buffer, data)
        else:
            self._buffer = data

    def rest(self) -> bytes:
        if self._slow is not None:
            return self._slow.rest()
        rest, self._buffer = bytes(self._buffer), b""
        return rest

    def head(self) -> RequestHead | None:
        if self._slow is not None:
            if not self._slow.begun:
                return self._slow.head()
            self._buffer, self._slow = self._slow.rest(), None
        buffer = self._buffer
        if not buffer:
            return None
        end = buffer.find(_HEAD_END) + 4
        if buffer[0] not in FIRST_BYTES:
            return self._slowly()
        if end < 4:
            self._check_partial(buffer)
            return None
        whole = end == len(buffer)
        head = fast.request_head(bytes(buffer if whole else buffer[:end]), self._limits)
        if head is None:
            return self._slowly()
        self._buffer = b"" if whole else _without(buffer, end)
        if head.framing is Framing.LENGTH:
            self._left = head.length or 0
        return head

    def _check_partial(self, buffer: _Buffer) -> None:
        try:
            blocks.check_partial(buffer, self._limits)
        except blocks.BrokenBlock as error:
            raise bad_block(error, buffer) from None

    def _slowly(self) -> RequestHead | None:
        self._slow = slow = H11RequestReader(self._limits)
        slow.feed(bytes(self._buffer))
        self._buffer = b""
        return slow.head()

    def limit_body(self, most: int) -> None:
        if self._slow is not None:
            self._slow.limit_body(most)
        elif self._left > most:
            raise BadRequest(413, "body too large")

    def body(self) -> bytes | End | None:
        if self._slow is not None:
            return self._slow.body()
        left, buffer = self._left, self._buffer
        if not left:
            return END
        if not buffer:
            return None
        if len(buffer) <= left:
            self._left = left - len(buffer)
            self._buffer = b""
            return bytes(buffer)
        self._left = 0
        piece = bytes(buffer[:left])
        self._buffer = _without(buffer, left)
        return piece


class FastResponseReader:
    """ResponseReader (see codec.py)."""

    __slots__ = ("_buffer", "_eof", "_head", "_left", "_limits", "_method", "_slow", "_started", "_upgrade")

    def __init__(self, limits: HeadLimits) -> None:
        self._limits = limits
        self._buffer: _Buffer = b""
        self._eof = False
        self.expect(b"GET", upgrade=False)

    def expect(self, method: bytes, *, upgrade: bool) -> None:
        self._method = method
        self._upgrade = upgrade
        self._slow: H11ResponseReader | None = None
        self._head: ResponseHead | None = None
        self._left = 0
        self._started = False

    @property
    def buffered(self) -> int:
        return len(self._buffer) if self._slow is None else self._slow.buffered

    @property
    def started(self) -> bool:
        return self._started

    @property
    def reusable(self) -> bool:
        if self._slow is not None:
            return self._slow.reusable
        head = self._head
        return head is not None and head.keep_alive and not self._left and not self._buffer and not self._eof

    @property
    def trailers(self) -> Sequence[Field]:
        return () if self._slow is None else self._slow.trailers

    def feed(self, data: bytes) -> None:
        self._started = True
        if self._slow is not None:
            self._slow.feed(data)
        elif self._buffer:
            self._buffer = _added(self._buffer, data)
        else:
            self._buffer = data

    def eof(self) -> None:
        self._eof = True
        if self._slow is not None:
            self._slow.eof()

    def rest(self) -> bytes:
        if self._slow is not None:
            return self._slow.rest()
        rest, self._buffer = bytes(self._buffer), b""
        return rest

    def head(self) -> ResponseHead | None:
        if self._slow is not None:
            return self._slow.head()
        buffer = self._buffer
        end = buffer.find(_HEAD_END) + 4
        if end < 4:
            self._check_partial(buffer)
            return None
        whole = end == len(buffer)
        head = fast.response_head(bytes(buffer if whole else buffer[:end]), self._method, self._limits)
        if head is None:
            return self._slowly()
        self._head = head
        self._buffer = b"" if whole else _without(buffer, end)
        if head.framing is Framing.LENGTH:
            self._left = head.length or 0
        return head

    def _check_partial(self, buffer: _Buffer) -> None:
        try:
            blocks.check_partial(buffer, self._limits)
        except blocks.BrokenBlock as error:
            raise BadResponse(error.rule) from None

    def _slowly(self) -> ResponseHead | None:
        self._slow = slow = H11ResponseReader(self._limits)
        slow.expect(self._method, upgrade=self._upgrade)
        slow.feed(bytes(self._buffer))
        self._buffer = b""
        if self._eof:
            slow.eof()
        return slow.head()

    def body(self) -> bytes | End | None:
        if self._slow is not None:
            return self._slow.body()
        left, buffer = self._left, self._buffer
        if not left:
            return END
        if not buffer:
            if self._eof:
                raise BadResponse("short body")
            return None
        if len(buffer) <= left:
            self._left = left - len(buffer)
            self._buffer = b""
            return bytes(buffer)
        self._left = 0
        piece = bytes(buffer[:left])
        self._buffer = _without(buffer, left)
        return piece
