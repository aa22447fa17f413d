"""Peers: the address that one try goes to, and the sources that pick it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from gwctl.engine.balancer.resolver import NameNotResolved, Resolver, literal


@dataclass(frozen=True, slots=True)
class Peer:
    """One address; ``host`` is the name it goes by in Host and SNI, None for an address that was configured as such."""

    ip: str
    port: int
    host: str | None

    @property
    def authority(self) -> str:
        """Name or address, brackets around IPv6."""
        return self.host or (f"[{self.ip}]" if ":" in self.ip else self.ip)


class NoPeer(Exception):
    """There is nothing to send the request to; the message is for the client."""


class PeerSource(Protocol):
    """Picks the peer of each try."""

    async def pick(self, resolver: Resolver, tried: Collection[Peer]) -> Peer:
        """The next peer, preferably none of ``tried``. Raises NoPeer."""
        ...


class FixedPeer:
    """A service whose host is an IP address."""

    __slots__ = ("_peer",)

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def pick(self, resolver: Resolver, tried: Collection[Peer]) -> Peer:
        return self._peer


class NamedPeer:
    """A DNS name: its addresses in turn."""

    __slots__ = ("_name", "_next", "_port")

    def __init__(self, name: str, port: int) -> None:
        self._name = name
        self._port = port
        self._next = 0

    async def pick(self, resolver: Resolver, tried: Collection[Peer]) -> Peer:
        try:
            addresses = await resolver.resolve(self._name)
        except NameNotResolved:
            raise NoPeer("name resolution failed") from None
        for _ in addresses:
            peer = Peer(addresses[self._next % len(addresses)], self._port, self._name)
            self._next += 1
            if peer not in tried:
                break
        return peer


def peer_source(host: str, port: int) -> PeerSource:
    """The source for one host, an address or a name."""
    ip = literal(host)
    if ip is not None:
        return FixedPeer(Peer(ip, port, None))
    return NamedPeer(host, port)
