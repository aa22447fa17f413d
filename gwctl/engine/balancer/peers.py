"""Peers: the address that one try goes to, and the sources that pick it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from gwctl.engine.balancer.ports import Ask, Outcome


class Peer:
    """One address; ``host`` is the name it goes by in Host and SNI, None for an address that was configured as such.

    ``authority`` is that name, or the address with brackets around IPv6. Peers with the same three values are equal.
    """

    __slots__ = ("authority", "host", "ip", "port")

    def __init__(self, ip: str, port: int, host: str | None) -> None:
        self.ip = ip
        self.port = port
        self.host = host
        self.authority = host or (f"[{ip}]" if ":" in ip else ip)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Peer):
            return NotImplemented
        return self.ip == other.ip and self.port == other.port and self.host == other.host

    def __hash__(self) -> int:
        return hash((self.ip, self.port, self.host))

    def __repr__(self) -> str:
        return f"Peer({self.ip!r}, {self.port!r}, {self.host!r})"


class NoPeer(Exception):
    """There is nothing to send the request to; ``status`` and the message are for the client."""

    def __init__(self, message: str, status: int = 503) -> None:
        super().__init__(message)
        self.status = status


class PeerSource(Protocol):
    """Picks the peer of each try."""

    @property
    def follows(self) -> bool:
        """Whether ``done`` has to be called at the end of each try; without, nobody needs to know."""
        ...

    def pick(self, ask: Ask, tried: Collection[Peer]) -> Peer | None:
        """The next peer, none of ``tried`` while there are others. None: a name may have to be resolved first, then
        nothing was picked and ``resolve`` does it. Raises NoPeer."""
        ...

    async def resolve(self, ask: Ask, tried: Collection[Peer]) -> Peer:
        """Like ``pick``, waiting for names. Raises NoPeer."""
        ...

    def done(self, peer: Peer, outcome: Outcome) -> None:
        """A try on ``peer``, as it was picked, ended. Called once for each pick when ``follows``."""
        ...
