"""Service hosts that are no upstream: an address, or a name with its addresses in turn."""

from __future__ import annotations

from collections.abc import Collection

from gwctl.engine.balancer.peers import NoPeer, Peer, PeerSource
from gwctl.engine.balancer.ports import Ask, Outcome
from gwctl.engine.balancer.resolver import NameNotResolved, Resolver, literal


class FixedPeer:
    """A service whose host is an IP address."""

    follows = False

    __slots__ = ("_peer",)

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def pick(self, ask: Ask, tried: Collection[Peer]) -> Peer | None:
        return self._peer

    async def resolve(self, ask: Ask, tried: Collection[Peer]) -> Peer:
        return self._peer

    def done(self, peer: Peer, outcome: Outcome) -> None: ...


class NamedPeer:
    """A DNS name: its addresses in turn."""

    follows = False

    __slots__ = ("_name", "_next", "_port", "_resolver")

    def __init__(self, name: str, port: int, resolver: Resolver) -> None:
        self._name = name
        self._port = port
        self._resolver = resolver
        self._next = 0

    def pick(self, ask: Ask, tried: Collection[Peer]) -> Peer | None:
        return None

    async def resolve(self, ask: Ask, tried: Collection[Peer]) -> Peer:
        try:
            addresses = await self._resolver.resolve(self._name)
        except NameNotResolved:
            raise NoPeer("name resolution failed") from None
        for _ in addresses:
            peer = Peer(addresses[self._next % len(addresses)], self._port, self._name)
            self._next += 1
            if peer not in tried:
                break
        return peer

    def done(self, peer: Peer, outcome: Outcome) -> None: ...


def host_source(host: str, port: int, resolver: Resolver) -> PeerSource:
    """The source for one host, an address or a name."""
    ip = literal(host)
    if ip is not None:
        return FixedPeer(Peer(ip, port, None))
    return NamedPeer(host, port, resolver)
