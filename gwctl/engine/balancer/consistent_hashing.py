"""Consistent hashing on a ring of points (proxy.md 6.4)."""

from __future__ import annotations

import bisect
from collections.abc import Collection, Sequence

import xxhash

from gwctl.engine.balancer.addresses import TargetAddress, origin
from gwctl.engine.balancer.algorithm import least_tried
from gwctl.engine.balancer.hashing import HashRule
from gwctl.engine.balancer.peers import Peer
from gwctl.engine.balancer.ports import Ask, Outcome

_FEWEST_POINTS = 1000
_ENTRIES = 160
_ROOM = 8
"""Points per address at least."""


class ConsistentHashing:
    """Equal values go to the same address while it is up, on every worker and node: the ring depends on nothing but
    addresses and weights. An address that leaves gives its values to its neighbours, and no others move."""

    follows = False

    __slots__ = ("_owners", "_points", "_positions", "_rule", "_shape", "_slots")

    def __init__(self, rule: HashRule, slots: int) -> None:
        self._rule = rule
        self._slots = max(slots, _FEWEST_POINTS)
        self._points = self._slots
        self._positions: list[int] = []
        self._owners: list[TargetAddress] = []
        self._shape: object = None

    def arrange(self, addresses: Sequence[TargetAddress], targets: int) -> None:
        # what is down keeps its place: its values come back to it
        usable = sorted((each for each in addresses if each.weight > 0), key=lambda each: (each.ip, each.port))
        shape = targets, [(id(each), each.weight) for each in usable]
        if shape != self._shape:
            self._shape = shape
            self._points = max(self._slots, _ROOM * len(usable))
            ring = _ring(usable, targets, self._points)
            self._positions = sorted(ring)
            self._owners = [ring[position] for position in self._positions]

    def pick(self, ask: Ask, tried: Collection[Peer]) -> TargetAddress | None:
        if not self._owners:
            return None
        point = xxhash.xxh32_intdigest(self._rule.value(ask).encode("utf-8", "surrogateescape")) % self._points
        at = bisect.bisect_right(self._positions, point) - 1
        owner = self._owners[at]
        if owner.up and not tried:
            return owner
        return self._below(at, tried)

    def _below(self, at: int, tried: Collection[Peer]) -> TargetAddress | None:
        owners = self._owners
        avoided = {origin(peer) for peer in tried}
        for step in range(len(owners)):
            owner = owners[at - step]
            if owner.up and owner not in avoided:
                return owner
        # everyone has failed once: all over again
        left = least_tried([each for each in dict.fromkeys(owners) if each.up], tried)
        return next((owners[at - step] for step in range(len(owners)) if owners[at - step] in left), None)

    def took(self, address: TargetAddress) -> None: ...

    def done(self, address: TargetAddress, outcome: Outcome) -> None: ...

    def entries(self) -> dict[Peer, int]:
        """How many points each address has."""
        counts: dict[Peer, int] = {}
        for owner in self._owners:
            counts[owner] = counts.get(owner, 0) + 1
        return counts


def _ring(addresses: Sequence[TargetAddress], targets: int, points: int) -> dict[int, TargetAddress]:
    """The points with their owners. A ring is filled to three quarters at most: one that is full would leave out
    whoever comes last, so that each gets less in a crowd."""
    total = sum(each.weight for each in addresses)
    entries = min(targets * _ENTRIES, points * 3 // 4)
    ring: dict[int, TargetAddress] = {}
    for each in addresses:
        number, left = 0, max(1, each.weight * entries // total)
        shown = (f"[{each.ip}]" if ":" in each.ip else each.ip).encode()
        while left:
            number += 1
            point = xxhash.xxh32_intdigest(b"%b:%d %d" % (shown, each.port, number)) % points
            if point not in ring:
                ring[point] = each
                left -= 1
    return ring
