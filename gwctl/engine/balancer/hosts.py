"""Service hosts that are no upstream: an address, or a name with its addresses in turn."""

from __future__ import annotations

from collections.abc import Collection

from gwctl.engine.balancer.dns.answers import Answer, NameNotResolved, literal
from gwctl.engine.balancer.dns.resolver import Resolver
from gwctl.engine.balancer.peers import NoPeer, Peer, PeerSource
from gwctl.engine.balancer.ports import Ask, Outcome

_MOST_SKIPPED = 16


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
    """A DNS name: its addresses in turn. The peers of an answer are made once."""

    follows = False

    __slots__ = ("_answer", "_name", "_next", "_peers", "_port", "_resolver")

    def __init__(self, name: str, port: int, resolver: Resolver) -> None:
        self._name = name
        self._port = port
        self._resolver = resolver
        self._next = 0
        self._answer: Answer | None = None
        self._peers: list[Peer] = []

    def pick(self, ask: Ask, tried: Collection[Peer]) -> Peer | None:
        answer = self._resolver.peek(self._name)
        if answer is None or answer.type == "SRV":
            return None
        if answer is not self._answer:
            self._answer = answer
            self._peers = [Peer(record.value, self._port, self._name) for record in answer.records]
        peers, at = self._peers, self._next
        for _ in peers:
            at = at + 1 if at + 1 < len(peers) else 0
            if not tried or peers[at] not in tried:
                break
        self._next = at
        return peers[at]

    async def resolve(self, ask: Ask, tried: Collection[Peer]) -> Peer:
        peer = None
        for _ in range(_MOST_SKIPPED):
            try:
                located = await self._resolver.locate(self._name)
            except NameNotResolved as failure:
                raise self._no_peer(failure) from None
            peer = Peer(located.ip, located.port or self._port, self._name)
            if peer not in tried:
                return peer
        if peer is None:
            raise NoPeer("name resolution failed")
        return peer

    def _no_peer(self, failure: NameNotResolved) -> NoPeer:
        if failure.gone:
            return NoPeer("name resolution failed")
        return NoPeer(f"failed the initial dns/balancer resolve for '{self._name}' with: {failure.reason}", 500)

    def done(self, peer: Peer, outcome: Outcome) -> None: ...


def host_source(host: str, port: int, resolver: Resolver) -> PeerSource:
    """The source for one host, an address or a name."""
    ip = literal(host)
    if ip is not None:
        return FixedPeer(Peer(ip, port, None))
    return NamedPeer(host, port, resolver)
