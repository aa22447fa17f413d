"""Weighted round-robin (proxy.md 6.4)."""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Sequence

from gwctl.engine.balancer.addresses import TargetAddress
from gwctl.engine.balancer.algorithm import least_tried
from gwctl.engine.balancer.peers import Peer
from gwctl.engine.balancer.ports import Ask, Outcome
from gwctl.engine.balancer.turns import Turns

_LONGEST_WHEEL = 4096
"""Turns that are laid out in advance. Weights that need more are dealt out turn by turn, which costs O(log n) each."""


class RoundRobin:
    """Each address that is up gets exactly its share in every cycle. The wheel is each worker's own.

    Addresses of equal weight come in an order that is shuffled once.
    """

    follows = False

    __slots__ = ("_addresses", "_at", "_rng", "_turns", "_wheel")

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._addresses: list[TargetAddress] = []
        self._wheel: list[TargetAddress] = []
        self._turns: Turns[TargetAddress] | None = None
        self._at = 0

    def arrange(self, addresses: Sequence[TargetAddress], targets: int) -> None:
        self._addresses = [each for each in addresses if each.up and each.weight > 0]
        self._rng.shuffle(self._addresses)
        self._wheel, self._turns, self._at = [], None, 0
        if not self._addresses:
            return
        turns = Turns(self._addresses)
        weights = [each.weight for each in self._addresses]
        length = sum(weights) // math.gcd(*weights)
        if length > _LONGEST_WHEEL:
            self._turns = turns
        else:
            self._wheel = [turns.next() for _ in range(length)]

    def pick(self, ask: Ask, tried: Collection[Peer]) -> TargetAddress | None:
        if tried:
            return self._untried(tried)
        wheel = self._wheel
        if not wheel:
            return None if self._turns is None else self._turns.next()
        at = self._at
        self._at = at + 1 if at + 1 < len(wheel) else 0
        return wheel[at]

    def _untried(self, tried: Collection[Peer]) -> TargetAddress | None:
        """By chance, in proportion: the turns are for first tries, else a failure would shift everyone's share."""
        left = least_tried(self._addresses, tried)
        return self._rng.choices(left, [each.weight for each in left])[0] if left else None

    def took(self, address: TargetAddress) -> None: ...

    def done(self, address: TargetAddress, outcome: Outcome) -> None: ...
