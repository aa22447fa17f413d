"""What the balancer needs from outside: who may be picked, what a request hashes by, and how a try ended."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Broken(enum.Enum):
    """How a try failed that got no response: the connection was refused or lost, or nothing happened in time."""

    TCP = enum.auto()
    TIMEOUT = enum.auto()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one try ended.

    ``status`` is the upstream's own, None without a response. ``failure`` is None when there was a response.
    ``seconds`` from the choice of the peer to the end of the response, None when there was none.
    """

    status: int | None = None
    failure: Broken | None = None
    seconds: float | None = None


class Ask(Protocol):
    """The request, as far as hashing looks at it (proxy.md 6.5). Everything is read only when it is asked for."""

    @property
    def client_ip(self) -> str:
        """The real client address."""
        ...

    @property
    def identity(self) -> str | None:
        """Id of the authenticated consumer, or of the credential when it has no consumer."""
        ...

    @property
    def raw_path(self) -> str:
        """The path as it was sent, without the query."""
        ...

    def header(self, name: str) -> str | None:
        """All values of a header joined by comma and space; None when there are none."""
        ...

    def cookie(self, name: str) -> str | None:
        """The value of a cookie that was sent, or that ``set_cookie`` made."""
        ...

    def query_values(self, name: str) -> list[str | None]:
        """The decoded values of a query argument in their order, None for one without ``=``."""
        ...

    def capture(self, name: str) -> str | None:
        """A named capture of the route's path."""
        ...

    def set_cookie(self, name: str, value: str, path: str) -> None:
        """Send the client a cookie with the response."""
        ...


class Availability(Protocol):
    """Who is up. Truth lives in the node's shared memory: it holds for all workers (proxy.md 7)."""

    @property
    def epoch(self) -> int:
        """Grows whenever the availability of any address changes, or one that is down may be tried."""
        ...

    def configure(self, record: Mapping[str, Any]) -> None:
        """An upstream is served from now on as its ``record`` says; comes before any question about it."""
        ...

    def drop(self, upstream_id: str) -> None:
        """The upstream is served no more."""
        ...

    def up(self, upstream_id: str, ip: str, port: int, host: str | None) -> bool:
        """Whether this address may be picked. ``ip`` is a name for an address that is resolved when it is picked."""
        ...

    def offers(self, upstream_id: str, ip: str, port: int, host: str | None) -> bool:
        """Whether this address, which is not up, waits for one request to try it."""
        ...

    def take(self, upstream_id: str, ip: str, port: int, host: str | None) -> bool:
        """Whether the next request is the one that tries this address: once per offer in the whole node."""
        ...

    def report(self, upstream_id: str, ip: str, port: int, host: str | None, outcome: Outcome) -> None:
        """A try on this address ended (passive checks)."""
        ...

    def listens(self, upstream_id: str) -> bool:
        """Whether ``report`` does anything for this upstream; asked when a configuration is applied."""
        ...


class AllUp:
    """Nothing is ever checked."""

    epoch = 0

    def configure(self, record: Mapping[str, Any]) -> None: ...

    def drop(self, upstream_id: str) -> None: ...

    def up(self, upstream_id: str, ip: str, port: int, host: str | None) -> bool:
        return True

    def offers(self, upstream_id: str, ip: str, port: int, host: str | None) -> bool:
        return False

    def take(self, upstream_id: str, ip: str, port: int, host: str | None) -> bool:
        return False

    def report(self, upstream_id: str, ip: str, port: int, host: str | None, outcome: Outcome) -> None: ...

    def listens(self, upstream_id: str) -> bool:
        return False
