"""The client's connection as an exchange sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gwctl.engine.http1.codec import End, Field
from gwctl.engine.proxy.origin import Arrival


class ClientGone(Exception):
    """The client closed its connection, or does not read: nobody is left to answer."""


class ClientTimeout(Exception):
    """The client stopped sending in the middle of a body."""


class Downstream(Protocol):
    """One client connection with a request in flight."""

    @property
    def arrival(self) -> Arrival: ...

    @property
    def draining(self) -> bool:
        """True when no further request shall come on this connection."""
        ...

    @property
    def complete(self) -> bool:
        """True when the request was received to its end."""
        ...

    @property
    def awaiting_continue(self) -> bool:
        """True when the client waits for 100 Continue before it sends the body."""
        ...

    @property
    def buffered(self) -> int:
        """Bytes received that nobody has consumed, of this request and those behind it."""
        ...

    def limit_body(self, most: int) -> None: ...

    def ready(self) -> bytes | End | None:
        """A piece of the body that has already arrived. Raises BadRequest."""
        ...

    @property
    def trailers(self) -> Sequence[Field]:
        """The fields behind the body, once END was given."""
        ...

    async def next(self) -> bytes | End:
        """The next piece of the body or END. Raises BadRequest, ClientTimeout and ClientGone."""
        ...

    def write(self, data: bytes) -> None: ...

    @property
    def clogged(self) -> bool:
        """True while the client takes what was written too slowly to write more."""
        ...

    async def flush(self) -> None:
        """Wait until the client has taken most of what was written. Raises ClientGone."""
        ...

    async def flushed(self, seconds: float) -> bool:
        """Wait for at most ``seconds`` until the client has taken most of what was written. Raises ClientGone."""
        ...

    def cut(self, *, reset: bool) -> None:
        """End the connection in the middle of a response; with ``reset``, in a way that nobody takes for its end."""
        ...

    @property
    def lost(self) -> bool:
        """True when the connection is gone in both directions."""
        ...

    def end(self) -> None:
        """Send nothing more, and let the client know."""
        ...

    def begin_tunnel(self) -> None:
        """From now on bytes of the client belong to no request; what came too early is dropped."""
        ...

    async def tunnelled(self, seconds: float) -> bytes:
        """The next bytes of the client, none at the end. Raises TimeoutError."""
        ...
