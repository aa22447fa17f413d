"""What the router looks at and what it finds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")


class Head(Protocol):
    """What routes may read of a request's head."""

    @property
    def method(self) -> bytes: ...
    @property
    def path(self) -> bytes: ...
    @property
    def fields(self) -> Sequence[tuple[bytes, bytes, bytes]]: ...
    def values(self, name: bytes, /) -> Sequence[bytes]: ...


class Arrival(Protocol):
    """The connection that a request came on. ``port`` is the listener's, as clients see it."""

    @property
    def https(self) -> bool: ...
    @property
    def sni(self) -> str | None: ...
    @property
    def port(self) -> int: ...
    @property
    def peer_port(self) -> int: ...
    @property
    def local(self) -> str: ...


class Query:
    """A request as routes see it. ``host`` is in lower case, ``port`` the one that it named, ``path`` in normal form.

    ``client`` is the real address. ``arguments`` are those of the query string once somebody has asked, ``matched`` is
    where a condition notes what it found in the path.
    """

    __slots__ = ("arguments", "arrival", "client", "head", "host", "https", "matched", "path", "port")

    def __init__(self, head: Head, arrival: Arrival, host: str, port: int | None, path: str, client: str) -> None:
        self.head = head
        self.arrival = arrival
        self.https = arrival.https
        self.host = host
        self.port = port
        self.path = path
        self.client = client
        self.arguments: Mapping[str, tuple[str, ...]] | None = None
        self.matched: Any = None

    def values(self, name: bytes) -> list[bytes]:
        """All values of header ``name`` (lower case), in lower case."""
        return [value.lower() for value in self.head.values(name)]

    def names(self) -> Iterable[bytes]:
        """The names of all headers, in lower case; a name that came twice is there twice."""
        return [low for low, _, _ in self.head.fields]


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """The target of the best route; ``matched`` is the part of the path that it matched, None when it has no paths.

    ``groups`` and ``named`` are the captures of a regular expression, None without any.
    """

    target: T
    matched: str | None
    groups: tuple[str | None, ...] | None = None
    named: Mapping[str, str | None] | None = None

    def capture(self, name: str | int) -> str | None:
        """The capture ``name``: a name, a position from 1, or 0 for the whole match; None without captures."""
        if self.groups is None:
            return None
        if isinstance(name, str):
            return (self.named or {}).get(name)
        if name == 0:
            return self.matched
        return self.groups[name - 1] if 0 < name <= len(self.groups) else None
