"""Weighted round-robin over the targets of an upstream (proxy.md 6.4)."""

from __future__ import annotations

import heapq
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from gwctl.engine.balancer.peers import NoPeer, Peer, PeerSource
from gwctl.engine.balancer.resolver import Resolver

_STRIDE = 1 << 40
_NO_PEER = "failure to get a peer from the ring-balancer"


@dataclass(frozen=True, slots=True)
class Target:
    source: PeerSource
    weight: int


class RoundRobin:
    """Each target gets exactly its share in every cycle: the one whose turn comes first is picked, in O(log n).

    A target's turns are 1/weight apart; equal turns go by an order that is shuffled once. When the one whose turn it is
    has no address or was tried already, the others follow in the order of their turns.
    """

    __slots__ = ("_targets", "_turns")

    def __init__(self, targets: Sequence[Target], rng: random.Random) -> None:
        self._targets = [target for target in targets if target.weight > 0]
        rng.shuffle(self._targets)
        self._turns = [(_STRIDE // target.weight, position) for position, target in enumerate(self._targets)]
        heapq.heapify(self._turns)

    async def pick(self, resolver: Resolver, tried: Collection[Peer]) -> Peer:
        if not self._targets:
            raise NoPeer(_NO_PEER)
        first = self._next()
        spare = await _peer(first, resolver, tried)
        if spare is not None and spare not in tried:
            return spare
        for _, position in sorted(self._turns):
            target = self._targets[position]
            peer = None if target is first else await _peer(target, resolver, tried)
            if peer is not None and peer not in tried:
                return peer
            spare = spare or peer
        if spare is None:
            raise NoPeer(_NO_PEER)
        return spare

    def _next(self) -> Target:
        turn, position = self._turns[0]
        target = self._targets[position]
        heapq.heapreplace(self._turns, (turn + _STRIDE // target.weight, position))
        return target


async def _peer(target: Target, resolver: Resolver, tried: Collection[Peer]) -> Peer | None:
    try:
        return await target.source.pick(resolver, tried)
    except NoPeer:
        return None
