"""The server side of a connection on h11: strict checks, then h11's public reader, one h11 connection per message."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import h11

from gwctl.engine.http1 import blocks, framing, target
from gwctl.engine.http1.chunks import BodyTooLarge, BrokenChunk, ChunkGuard
from gwctl.engine.http1.codec import END, BadRequest, End, Field, Framing, HeadLimits, RequestHead
from gwctl.engine.http1.fields import connection_tokens, single

_REQUEST_LINE = re.compile(rb"([A-Z_-]+) ([\x21-\x7e]+) HTTP/([0-9])\.([0-9])")
_STATUS = {blocks.START_LINE: 414, blocks.TOO_LARGE: 494, blocks.TOO_MANY: 431}
FIRST_BYTES = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ_-")
_EVENT_LIMIT = 128 * 1024
_MOST_SEEN = 32 * 1024


class H11RequestReader:
    """RequestReader (see codec.py). h11 never sees a byte that was not checked or that belongs to the next message."""

    __slots__ = ("_buffer", "_complete", "_finder", "_guard", "_h11", "_kind", "_left", "_limits", "_skipped", "begun")

    def __init__(self, limits: HeadLimits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._finder = blocks.BlockFinder(limits)
        self._h11 = h11.Connection(h11.SERVER)
        self._guard: ChunkGuard | None = None
        self._kind = Framing.NONE
        self._left = 0
        self._complete = True
        self._skipped = False
        self.begun = False
        """Whether a head was read."""

    @property
    def buffered(self) -> int:
        return len(self._buffer)

    @property
    def complete(self) -> bool:
        return self._complete

    @property
    def trailers(self) -> Sequence[Field]:
        return self._guard.trailers if self._guard is not None else ()

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def rest(self) -> bytes:
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest

    def head(self) -> RequestHead | None:
        if not self._first_byte():
            return None
        try:
            block = self._finder.take(self._buffer)
        except blocks.BrokenBlock as error:
            raise bad_block(error, self._buffer) from None
        if block is None:
            return None
        self._skipped = False
        self.begun = True
        try:
            return self._parse(block)
        except BadRequest as error:
            error.seen = block
            raise

    def _first_byte(self) -> bool:
        buffer = self._buffer
        if not self._skipped and buffer.startswith(b"\r\n"):
            self._skipped = True
            del buffer[:2]
        if buffer and buffer[0] not in FIRST_BYTES and (self._skipped or buffer != b"\r"):
            raise BadRequest(400, "not a request", bytes(buffer[:_MOST_SEEN]))
        return bool(buffer)

    def _parse(self, block: bytes) -> RequestHead:
        line = block.partition(b"\r\n")[0]
        match = _REQUEST_LINE.fullmatch(line)
        if match is None:
            raise BadRequest(400, "request line")
        method, asked, minor = match[1], match[2], _minor(match)
        try:
            kind, length = framing.of_request(block, minor)
        except framing.BrokenFraming as error:
            raise BadRequest(501 if error.unknown_coding else 400, error.rule) from None
        fields = self._fields(block)
        host = _host(fields, minor)
        try:
            path, host = target.resolve(method, asked, host)
        except target.BadTarget as error:
            raise BadRequest(error.status, error.rule) from None
        self._begin_body(kind, length)
        return _head(method, asked, path, minor, host, fields, kind, length)

    def _fields(self, block: bytes) -> list[Field]:
        self._h11 = connection = h11.Connection(h11.SERVER, _EVENT_LIMIT)
        connection.receive_data(block)
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError as error:
            raise BadRequest(400, str(error)) from None
        if type(event) is not h11.Request:
            raise BadRequest(400, "not a request")
        return [(name.lower(), name, value) for name, value in event.headers.raw_items()]

    def _begin_body(self, kind: Framing, length: int | None) -> None:
        self._kind = kind
        self._complete = kind is Framing.NONE
        self._left = length or 0
        self._guard = ChunkGuard(self._limits.total, self._limits.fields) if kind is Framing.CHUNKED else None

    def limit_body(self, most: int) -> None:
        if self._guard is not None:
            self._guard.limit(most)
        elif self._left > most:
            raise BadRequest(413, "body too large")

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
            else:
                fresh = self._sound()
                if not fresh:
                    return None
                self._h11.receive_data(fresh)
        return b"".join(pieces) if pieces else END

    def _next_event(self) -> object:
        try:
            return self._h11.next_event()
        except h11.RemoteProtocolError as error:
            raise BadRequest(400, str(error)) from None

    def _sound(self) -> bytes:
        buffer = self._buffer
        if self._guard is None:
            size = min(self._left, len(buffer))
            self._left -= size
        else:
            try:
                size = self._guard.sound(buffer)
            except BrokenChunk as error:
                raise BadRequest(400, error.rule) from None
            except BodyTooLarge:
                raise BadRequest(413, "body too large") from None
        fresh = bytes(buffer[:size])
        del buffer[:size]
        return fresh


def bad_block(error: blocks.BrokenBlock, buffer: bytes | bytearray) -> BadRequest:
    """What the client is told about the head at the front of ``buffer``, which was not parsed."""
    return BadRequest(_STATUS.get(error.rule, 400), error.rule, bytes(buffer[:_MOST_SEEN]))


def _minor(match: re.Match[bytes]) -> int:
    method, asked, major, minor = cast("tuple[bytes, bytes, bytes, bytes]", match.groups())
    if method == b"PRI" and asked == b"*":
        raise BadRequest(400, "HTTP/2 preface")
    if major == b"0":
        raise BadRequest(400, "HTTP version")
    if major != b"1" or minor not in b"01":
        raise BadRequest(505, "HTTP version")
    return int(minor)


def _host(fields: list[Field], minor: int) -> bytes | None:
    hosts = [value for low, _, value in fields if low == b"host"]
    if len(hosts) > 1 or (not hosts and minor == 1):
        raise BadRequest(400, "Host")
    return hosts[0] if hosts else None


def _head(
    method: bytes,
    asked: bytes,
    path: bytes,
    minor: int,
    host: bytes | None,
    fields: list[Field],
    kind: Framing,
    length: int | None,
) -> RequestHead:
    hop = connection_tokens(fields)
    keep_alive = b"close" not in hop if minor else b"keep-alive" in hop and b"close" not in hop
    expects = [value.lower() for low, _, value in fields if low == b"expect"]
    if expects and expects != [b"100-continue"]:
        raise BadRequest(417, "Expect")
    return RequestHead(
        method=method,
        target=asked,
        path=path,
        minor=minor,
        host=host,
        fields=fields,
        framing=kind,
        length=length,
        keep_alive=keep_alive,
        expects_continue=bool(expects) and minor == 1,
        hop=hop,
        upgrade=single(fields, b"upgrade") if b"upgrade" in hop else None,
    )
