"""A strict check of chunked framing that runs before the parser (reliability.md S2.6, rows 35 to 41 of S1)."""

from __future__ import annotations

import enum
import re

from gwctl.engine.http1.codec import Field

_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[^\r\n\0]{0,255})?")
_TRAILER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0-\x08\n-\x1f\x7f]*)")
_LONGEST_SIZE_LINE = 16 + 256
# size, data and line end of 64 chunks: a body in tiny chunks costs us much more than its sender
_MOST_STEPS = 192
_FORBIDDEN = frozenset(
    (
        b"authorization",
        b"connection",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"host",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)


class BrokenChunk(Exception):
    """Chunked framing that two parsers could read differently."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class BodyTooLarge(Exception):
    """The chunks of one message promise more bytes than allowed."""


class _State(enum.Enum):
    SIZE = enum.auto()
    DATA = enum.auto()
    DATA_END = enum.auto()
    TRAILERS = enum.auto()
    DONE = enum.auto()


class ChunkGuard:
    """Follows chunk framing through a buffer and says how much of it is sound and belongs to the message.

    ``trailers`` holds the fields behind the last chunk once they were read.
    """

    __slots__ = ("_left", "_most", "_state", "_total", "_trailer_bytes", "_trailer_fields", "trailers")

    def __init__(self, most_trailer_bytes: int, most_trailer_fields: int) -> None:
        self._state = _State.SIZE
        self._left = 0
        self._total = 0
        self._most: int | None = None
        self._trailer_bytes = most_trailer_bytes
        self._trailer_fields = most_trailer_fields
        self.trailers: list[Field] = []

    @property
    def done(self) -> bool:
        return self._state is _State.DONE

    def limit(self, most: int) -> None:
        """Refuse more than ``most`` bytes of data in the whole body."""
        self._most = most

    def sound(self, buffer: bytearray) -> int:
        """The length of a prefix of ``buffer`` that may be given to the parser; not more than a short piece of work, so
        that tiny chunks do not hold up everybody else. Raises BrokenChunk, BodyTooLarge.
        """
        position = 0
        for _ in range(_MOST_STEPS):
            if self._state is _State.DONE:
                break
            if self._state is _State.DATA:
                step = min(self._left, len(buffer) - position)
                self._left -= step
                if self._left == 0:
                    self._state = _State.DATA_END
            elif self._state is _State.DATA_END:
                step = self._data_end(buffer, position)
            else:
                step = self._line(buffer, position)
            if step == 0:
                return position
            position += step
        return position

    def _data_end(self, buffer: bytearray, position: int) -> int:
        end = buffer[position : position + 2]
        if not b"\r\n".startswith(end):
            raise BrokenChunk("chunk data without CRLF")
        if len(end) < 2:
            return 0
        self._state = _State.SIZE
        return 2

    def _line(self, buffer: bytearray, position: int) -> int:
        end = buffer.find(b"\r\n", position)
        if end < 0:
            self._check_partial(buffer, position)
            return 0
        line = bytes(buffer[position:end])
        if self._state is _State.SIZE:
            self._size(line)
        elif line:
            self._trailer(line)
        else:
            self._state = _State.DONE
        return end + 2 - position

    def _check_partial(self, buffer: bytearray, position: int) -> None:
        longest = _LONGEST_SIZE_LINE if self._state is _State.SIZE else self._trailer_bytes
        if len(buffer) - position > longest + 1 or buffer.find(b"\n", position) >= 0:
            raise BrokenChunk("chunk line")

    def _size(self, line: bytes) -> None:
        match = _SIZE_LINE.fullmatch(line)
        if match is None:
            raise BrokenChunk("chunk size")
        size = int(match[1], 16)
        self._total += size
        if self._most is not None and self._total > self._most:
            raise BodyTooLarge
        self._left = size
        self._state = _State.DATA if size else _State.TRAILERS

    def _trailer(self, line: bytes) -> None:
        match = _TRAILER.fullmatch(line)
        if match is None:
            raise BrokenChunk("trailer field")
        name, low = match[1], match[1].lower()
        if low in _FORBIDDEN:
            raise BrokenChunk("trailer field")
        self._trailer_bytes -= len(line)
        self._trailer_fields -= 1
        if self._trailer_bytes < 0 or self._trailer_fields < 0:
            raise BrokenChunk("too many trailer fields")
        self.trailers.append((low, name, match[2].rstrip(b" \t")))
