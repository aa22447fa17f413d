"""What the proxy asks of an HTTP/1 codec, whichever parser stands behind it."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from gwctl.engine.http1.heads import Field as Field
from gwctl.engine.http1.heads import Framing as Framing
from gwctl.engine.http1.heads import RequestHead as RequestHead
from gwctl.engine.http1.heads import ResponseHead as ResponseHead


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
    """The client broke the protocol or a limit: answer ``status`` and close.

    ``rule`` names what was broken; ``seen`` is the head as far as it came, if it broke in its head.
    """

    def __init__(self, status: int, rule: str, seen: bytes = b"") -> None:
        super().__init__(rule)
        self.status = status
        self.rule = rule
        self.seen = seen


class BadResponse(Exception):
    """The upstream broke the protocol or a limit: its connection must not be used again."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


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
