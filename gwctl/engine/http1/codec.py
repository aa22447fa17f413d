"""What the proxy asks of an HTTP/1 codec, whichever parser stands behind it."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

Field = tuple[bytes, bytes, bytes]
"""A header field: name in lower case, name as received, value without surrounding white space."""


class Framing(enum.Enum):
    """How the end of a body is found (RFC 9112 6.3)."""

    NONE = enum.auto()
    LENGTH = enum.auto()
    CHUNKED = enum.auto()
    UNTIL_CLOSE = enum.auto()


class _End(enum.Enum):
    END = enum.auto()


END: Final = _End.END
"""What ``body`` answers after the last byte of a body."""
End = Literal[_End.END]


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """Bounds of a message head, in bytes and number of fields (reliability.md S5)."""

    line: int = 8 * 1024
    total: int = 32 * 1024
    fields: int = 1000


class BadRequest(Exception):
    """The client broke the protocol or a limit: answer ``status`` and close. ``rule`` names what was broken."""

    def __init__(self, status: int, rule: str) -> None:
        super().__init__(rule)
        self.status = status
        self.rule = rule


class BadResponse(Exception):
    """The upstream broke the protocol or a limit: its connection must not be used again."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(slots=True)
class RequestHead:
    """One checked request head.

    ``target`` is as received; ``path`` is its origin form (path and query); ``host`` is the authority of the target or
    the Host field, None only on HTTP/1.0; ``hop`` holds the lower-case tokens of Connection; ``length`` is the
    Content-Length, None unless ``framing`` is LENGTH; ``upgrade`` is the value of Upgrade when Connection names it.
    """

    method: bytes
    target: bytes
    path: bytes
    minor: int
    host: bytes | None
    fields: list[Field]
    framing: Framing
    length: int | None
    keep_alive: bool
    expects_continue: bool
    hop: frozenset[bytes]
    upgrade: bytes | None

    def first(self, name: bytes) -> bytes | None:
        """The value of the first field called ``name`` (lower case)."""
        for low, _, value in self.fields:
            if low == name:
                return value
        return None

    def values(self, name: bytes) -> list[bytes]:
        """The values of all fields called ``name`` (lower case), in order."""
        return [value for low, _, value in self.fields if low == name]

    def joined(self, name: bytes) -> bytes | None:
        """The values of all fields called ``name`` (lower case), joined as RFC 9110 5.3 allows."""
        values = [value for low, _, value in self.fields if low == name]
        return b", ".join(values) if values else None


@dataclass(slots=True)
class ResponseHead:
    """One checked response head; ``switching`` says that it is a 101 to the protocol that was asked for."""

    status: int
    reason: bytes
    minor: int
    fields: list[Field]
    framing: Framing
    length: int | None
    keep_alive: bool
    hop: frozenset[bytes]
    switching: bool


class RequestReader(Protocol):
    """The server side of one connection: messages come one after another, never interleaved."""

    @property
    def buffered(self) -> int:
        """Bytes received and not yet consumed."""
        ...

    @property
    def complete(self) -> bool:
        """True when the current message was read to its end (also before the first)."""
        ...

    def feed(self, data: bytes) -> None: ...

    def head(self) -> RequestHead | None:
        """The next request head, None while it is incomplete. Raises BadRequest."""
        ...

    def body(self) -> bytes | End | None:
        """The next piece of the body, END after the last, None when more bytes are needed. Raises BadRequest."""
        ...

    def limit_body(self, most: int) -> None:
        """Refuse a body of more than ``most`` bytes with 413 while it is read."""
        ...

    @property
    def trailers(self) -> Sequence[Field]:
        """The checked fields behind the last chunk of the current message, once its body was read."""
        ...

    def rest(self) -> bytes:
        """Take everything that was received behind the current message (for tunnels)."""
        ...


class ResponseReader(Protocol):
    """The client side of one upstream connection."""

    @property
    def buffered(self) -> int: ...

    @property
    def reusable(self) -> bool:
        """True when the response is complete, nothing follows it and the upstream keeps the connection open."""
        ...

    @property
    def started(self) -> bool:
        """True when at least one byte of the current response was received."""
        ...

    def expect(self, method: bytes, *, upgrade: bool) -> None:
        """Begin a response to a request of ``method``; ``upgrade`` allows one 101."""
        ...

    def feed(self, data: bytes) -> None: ...

    def eof(self) -> None: ...

    def head(self) -> ResponseHead | None:
        """The final response head (interim ones are skipped), None while incomplete. Raises BadResponse."""
        ...

    def body(self) -> bytes | End | None:
        """The next piece of the body, END after the last, None when more bytes are needed. Raises BadResponse."""
        ...

    @property
    def trailers(self) -> Sequence[Field]:
        """The checked fields behind the last chunk of the current response, once its body was read."""
        ...

    def rest(self) -> bytes:
        """Take everything that was received behind the head (for tunnels)."""
        ...
