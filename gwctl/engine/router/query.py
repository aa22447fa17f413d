"""What the router looks at and what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class FieldValues(Protocol):
    """The header fields of a request."""

    def values(self, name: bytes) -> list[bytes]:
        """The values of all fields called ``name`` (lower case), in order."""
        ...


@dataclass(slots=True)
class Query:
    """A request as routes see it: lower-case ``host``, ``port`` explicit or the listener's, ``path`` in normal form."""

    https: bool
    method: bytes
    host: str
    port: int
    path: str
    sni: str | None
    fields: FieldValues

    def values(self, name: bytes) -> list[bytes]:
        """All values of header ``name`` (lower case), in lower case."""
        return [value.lower() for value in self.fields.values(name)]


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """The target of the best route; ``matched`` is the part of the path that it matched, None when it has no paths.

    ``groups`` and ``named`` are the captures of a regular expression, None without any.
    """

    target: T
    matched: str | None
    groups: tuple[str | None, ...] | None = None
    named: Mapping[str, str | None] | None = None
