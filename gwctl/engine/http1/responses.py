"""The client side of an upstream connection on h11: the same strict checks, interim responses skipped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import MappingProxyType

import h11

from gwctl.engine.http1 import blocks, framing
from gwctl.engine.http1.chunks import BrokenChunk, ChunkGuard
from gwctl.engine.http1.codec import END, BadResponse, End, Field, Framing, HeadLimits, ResponseHead
from gwctl.engine.http1.fields import connection_tokens, single

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?")
_MOST_INTERIM = 10
_EVENT_LIMIT = 128 * 1024


def _request_event(method: bytes, upgrade: bool) -> h11.Request:
    fields = [(b"host", b"upstream")]
    if upgrade:
        fields += [(b"connection", b"upgrade"), (b"upgrade", b"websocket")]
    return h11.Request(method=method, target=b"/", headers=fields)


# h11 wants to have sent the request whose response it reads; only HEAD and upgrades change how it reads
_PLAIN = _request_event(b"GET", False)
_SENT = MappingProxyType(
    {
        (b"GET", False): _PLAIN,
        (b"HEAD", False): _request_event(b"HEAD", False),
        (b"GET", True): _request_event(b"GET", True),
    }
)


class H11ResponseReader:
    """ResponseReader (see codec.py)."""

    __slots__ = (
        "_buffer",
        "_complete",
        "_eof",
        "_finder",
        "_guard",
        "_h11",
        "_head",
        "_interim",
        "_kind",
        "_left",
        "_limits",
        "_method",
        "_started",
        "_upgrade",
    )

    def __init__(self, limits: HeadLimits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._eof = False
        self.expect(b"GET", upgrade=False)

    def expect(self, method: bytes, *, upgrade: bool) -> None:
        self._method = method
        self._upgrade = upgrade
        self._finder = blocks.BlockFinder(self._limits)
        self._h11 = connection = h11.Connection(h11.CLIENT, _EVENT_LIMIT)
        connection.send(_SENT.get((method, upgrade), _PLAIN))
        self._guard: ChunkGuard | None = None
        self._kind = Framing.NONE
        self._left = 0
        self._interim = 0
        self._complete = False
        self._started = False
        self._head: ResponseHead | None = None

    @property
    def buffered(self) -> int:
        return len(self._buffer)

    @property
    def started(self) -> bool:
        return self._started

    @property
    def reusable(self) -> bool:
        head = self._head
        return (
            head is not None
            and head.status != 101
            and self._complete
            and head.keep_alive
            and self._kind is not Framing.UNTIL_CLOSE
            and not self._buffer
            and not self._eof
        )

    @property
    def trailers(self) -> Sequence[Field]:
        return self._guard.trailers if self._guard is not None else ()

    def feed(self, data: bytes) -> None:
        self._started = True
        self._buffer += data

    def eof(self) -> None:
        self._eof = True

    def rest(self) -> bytes:
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest

    def head(self) -> ResponseHead | None:
        while True:
            try:
                block = self._finder.take(self._buffer)
            except blocks.BrokenBlock as error:
                raise BadResponse(error.rule) from None
            if block is None:
                return None
            head = self._parse(block)
            if head is not None:
                self._head = head
                return head
            self._interim += 1
            if self._interim > _MOST_INTERIM:
                raise BadResponse("interim responses without end")

    def _parse(self, block: bytes) -> ResponseHead | None:
        match = _STATUS_LINE.fullmatch(block.partition(b"\r\n")[0])
        if match is None:
            raise BadResponse("status line")
        minor, status = int(match[1]), int(match[2])
        if status == 101 and not self._upgrade:
            raise BadResponse("101 without an upgrade request")
        fields = self._fields(block)
        if status == 101:
            _check_switch(fields, minor)
        elif status < 200:
            return None
        return self._final(block, fields, minor, status, match[3] or b"")

    def _final(self, block: bytes, fields: list[Field], minor: int, status: int, reason: bytes) -> ResponseHead:
        kind: Framing
        length: int | None
        if status == 101:
            kind, length = Framing.NONE, None
        else:
            try:
                kind, length = framing.of_response(block, minor, status, self._method)
            except framing.BrokenFraming as error:
                raise BadResponse(error.rule) from None
        self._begin_body(kind, length)
        hop = connection_tokens(fields)
        keep_alive = b"close" not in hop if minor else b"keep-alive" in hop and b"close" not in hop
        return ResponseHead(
            status=status,
            reason=reason,
            minor=minor,
            fields=fields,
            framing=kind,
            length=length,
            keep_alive=keep_alive,
            hop=hop,
            switching=status == 101,
        )

    def _fields(self, block: bytes) -> list[Field]:
        self._h11.receive_data(block)
        event = self._next_event()
        if not isinstance(event, h11.Response | h11.InformationalResponse):
            raise BadResponse("not a response")
        return [(name.lower(), name, value) for name, value in event.headers.raw_items()]

    def _begin_body(self, kind: Framing, length: int | None) -> None:
        self._kind = kind
        self._complete = kind is Framing.NONE
        self._left = length or 0
        self._guard = ChunkGuard(self._limits.total, self._limits.fields) if kind is Framing.CHUNKED else None

    def body(self) -> bytes | End | None:
        pieces: list[bytes] = []
        while not self._complete:
            event = self._next_event()
            if type(event) is h11.Data:
                data = bytes(event.data)
                if self._guard is None:
                    # h11 would say so with one more event
                    self._complete = self._kind is Framing.LENGTH and self._left == 0
                    return data
                pieces.append(data)
            elif type(event) is h11.EndOfMessage:
                self._complete = True
            elif pieces:
                break
            elif fresh := self._sound():
                self._h11.receive_data(fresh)
            elif not self._eof:
                return None
            elif self._kind is Framing.UNTIL_CLOSE:
                self._h11.receive_data(b"")
            else:
                raise BadResponse("short body")
        return b"".join(pieces) if pieces else END

    def _next_event(self) -> object:
        try:
            return self._h11.next_event()
        except h11.RemoteProtocolError as error:
            raise BadResponse(str(error)) from None

    def _sound(self) -> bytes:
        buffer = self._buffer
        if self._guard is not None:
            try:
                size = self._guard.sound(buffer)
            except BrokenChunk as error:
                raise BadResponse(error.rule) from None
        elif self._kind is Framing.LENGTH:
            size = min(self._left, len(buffer))
            self._left -= size
        else:
            size = len(buffer)
        fresh = bytes(buffer[:size])
        del buffer[:size]
        return fresh


def _check_switch(fields: list[Field], minor: int) -> None:
    """A tunnel opens only to the protocol that was asked for (RFC 9110 15.2.2)."""
    protocol = single(fields, b"upgrade") or b""
    if minor == 0 or protocol.lower() != b"websocket" or b"upgrade" not in connection_tokens(fields):
        raise BadResponse("101 to another protocol")
