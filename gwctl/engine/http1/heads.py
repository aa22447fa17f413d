"""Message heads: what is decided about them at once, and the fields, which are taken apart only when asked for.

A codec that has read a head field by field gives the list of its fields; one that has only checked the raw block gives
the block. Both answer the same questions.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from typing import ClassVar

Field = tuple[bytes, bytes, bytes]
"""A header field: name in lower case, name as received, value without surrounding white space."""

_FIELD = re.compile(rb"([^:\r]++):[ \t]*+([^\r]*+)\r\n")
_NOTHING: frozenset[bytes] = frozenset()

REQUEST_APART = frozenset(
    (
        b"connection",
        b"content-length",
        b"expect",
        b"host",
        b"http2-settings",
        b"keep-alive",
        b"proxy",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"via",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-path",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-proto",
        b"x-kong-request-id",
        b"x-real-ip",
    )
)
"""Fields of requests that a proxy reads or replaces. All others usually go on as they are."""

RESPONSE_APART = frozenset(
    (
        b"connection",
        b"content-length",
        b"keep-alive",
        b"proxy-connection",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"via",
        b"x-accel-buffering",
        b"x-accel-charset",
        b"x-accel-expires",
        b"x-accel-limit-rate",
        b"x-accel-redirect",
        b"x-kong-proxy-latency",
        b"x-kong-request-id",
        b"x-kong-response-latency",
        b"x-kong-upstream-latency",
        b"x-kong-upstream-status",
    )
)
"""Fields of responses that a proxy reads or replaces."""


class Framing(enum.Enum):
    """How the end of a body is found (RFC 9112 6.3)."""

    NONE = enum.auto()
    LENGTH = enum.auto()
    CHUNKED = enum.auto()
    UNTIL_CLOSE = enum.auto()


class RawFields:
    """The fields of a checked head as they came: ``block`` is the head from its first line on, ``low`` the same in
    lower case. ``apart`` maps the names of a table like REQUEST_APART to their values, each of which occurs once, and
    ``rest`` holds the lines of all other fields."""

    __slots__ = ("apart", "block", "low", "rest")

    def __init__(self, block: bytes, low: bytes, apart: Mapping[bytes, bytes], rest: bytes) -> None:
        self.block = block
        self.low = low
        self.apart = apart
        self.rest = rest

    def split(self) -> list[Field]:
        """Every field, in order."""
        start = self.block.index(b"\r\n") + 2
        return [(name.lower(), name, value.rstrip(b" \t")) for name, value in _FIELD.findall(self.block, start)]


class Head:
    """The fields of a message head. Give ``fields`` or ``raw``; names that are asked for are in lower case."""

    __slots__ = ("_fields", "raw")

    APART: ClassVar[frozenset[bytes]] = frozenset()

    def __init__(self, fields: list[Field] | None, raw: RawFields | None) -> None:
        self._fields = fields
        self.raw = raw
        """None when the head was read field by field."""

    @property
    def fields(self) -> list[Field]:
        """Every field, in order. Slow: not for what happens to every request."""
        fields = self._fields
        if fields is None:
            fields = self._fields = self.raw.split() if self.raw is not None else []
        return fields

    def first(self, name: bytes) -> bytes | None:
        """The value of the first field called ``name``."""
        raw = self.raw
        if raw is not None:
            if name in self.APART:
                return raw.apart.get(name)
            at = raw.low.find(b"\r\n%b:" % name)
            if at < 0:
                return None
            return raw.block[at + len(name) + 3 : raw.block.index(b"\r", at + 2)].strip(b" \t")
        for low, _, value in self.fields:
            if low == name:
                return value
        return None

    def has(self, name: bytes) -> bool:
        """Whether there is a field called ``name``."""
        raw = self.raw
        if raw is not None:
            return name in raw.apart if name in self.APART else b"\r\n%b:" % name in raw.low
        return any(low == name for low, _, _ in self.fields)

    def values(self, name: bytes) -> list[bytes]:
        """The values of all fields called ``name``, in order."""
        raw = self.raw
        if raw is not None:
            if name in self.APART:
                value = raw.apart.get(name)
                return [] if value is None else [value]
            if b"\r\n%b:" % name not in raw.low:
                return []
        return [value for low, _, value in self.fields if low == name]

    def joined(self, name: bytes) -> bytes | None:
        """The values of all fields called ``name``, joined as RFC 9110 5.3 allows."""
        if self.raw is not None and name in self.APART:
            return self.raw.apart.get(name)
        values = self.values(name)
        return b", ".join(values) if values else None


class RequestHead(Head):
    """One checked request head.

    ``target`` is as received; ``path`` is its origin form (path and query); ``host`` is the authority of the target or
    the Host field, None only on HTTP/1.0; ``hop`` holds the lower-case tokens of Connection; ``length`` is the
    Content-Length, None unless ``framing`` is LENGTH; ``upgrade`` is the value of Upgrade when Connection names it.
    """

    __slots__ = (
        "expects_continue",
        "framing",
        "hop",
        "host",
        "keep_alive",
        "length",
        "method",
        "minor",
        "path",
        "target",
        "upgrade",
    )

    APART = REQUEST_APART

    def __init__(
        self,
        method: bytes,
        target: bytes,
        path: bytes,
        minor: int,
        host: bytes | None,
        fields: list[Field] | None,
        raw: RawFields | None = None,
        framing: Framing = Framing.NONE,
        length: int | None = None,
        keep_alive: bool = True,
        expects_continue: bool = False,
        hop: frozenset[bytes] = _NOTHING,
        upgrade: bytes | None = None,
    ) -> None:
        self._fields = fields
        self.raw = raw
        self.method = method
        self.target = target
        self.path = path
        self.minor = minor
        self.host = host
        self.framing = framing
        self.length = length
        self.keep_alive = keep_alive
        self.expects_continue = expects_continue
        self.hop = hop
        self.upgrade = upgrade


class ResponseHead(Head):
    """One checked response head; ``switching`` says that it is a 101 that was asked for."""

    __slots__ = ("framing", "hop", "keep_alive", "length", "minor", "reason", "status", "switching")

    APART = RESPONSE_APART

    def __init__(
        self,
        status: int,
        reason: bytes,
        minor: int,
        fields: list[Field] | None,
        raw: RawFields | None = None,
        framing: Framing = Framing.NONE,
        length: int | None = None,
        keep_alive: bool = True,
        hop: frozenset[bytes] = _NOTHING,
        switching: bool = False,
    ) -> None:
        self._fields = fields
        self.raw = raw
        self.status = status
        self.reason = reason
        self.minor = minor
        self.framing = framing
        self.length = length
        self.keep_alive = keep_alive
        self.hop = hop
        self.switching = switching
