"""Weighted round-robin over the targets of an upstream (proxy.md 6.4)."""

from __future__ import annotations

import heapq
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from gwctl.engine.balancer.peers import NoPeer, Peer, PeerSource
from gwctl.engine.balancer.resolver import Resolver

_STRIDE = 1 << 40


@dataclass(frozen=True, slots=True)
class Target:
    source: PeerSource
    weight: int


class RoundRobin:
    """Each target gets exactly its share in every cycle: the one whose turn comes first is picked, in O(log n).

    A target's turns are 1/weight apart; equal turns go by an order that is shuffled once.
    """

    __slots__ = ("_targets", "_turns")

    def __init__(self, targets: Sequence[Target], rng: random.Random) -> None:
        self._targets = [target for target in targets if target.weight > 0]
        rng.shuffle(self._targets)
        self._turns = [(_STRIDE // target.weight, position) for position, target in enumerate(self._targets)]
        heapq.heapify(self._turns)

    async def pick(self, resolver: Resolver, tried: Collection[Peer]) -> Peer:
        last: Peer | None = None
        for _ in range(len(self._targets)):
            try:
                last = await self._next().source.pick(resolver, tried)
            except NoPeer:
                continue
            if last not in tried:
                return last
        if last is None:
            raise NoPeer("failure to get a peer from the ring-balancer")
        return last

    def _next(self) -> Target:
        turn, position = self._turns[0]
        target = self._targets[position]
        heapq.heapreplace(self._turns, (turn + _STRIDE // target.weight, position))
        return target
