"""Addresses in the order of a score that changes with every request."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Sequence

from gwctl.engine.balancer.addresses import TargetAddress
from gwctl.engine.balancer.algorithm import least_tried
from gwctl.engine.balancer.peers import Peer

_SLACK = 64


class Ranking:
    """The lowest score comes first; of equal ones the one that has waited longest. O(log n) per change.

    An address has its place by the ticket it was given last; places with older tickets are void.
    """

    __slots__ = ("_addresses", "_heap", "_tickets")

    def __init__(self) -> None:
        self._addresses: list[TargetAddress] = []
        self._heap: list[tuple[float, int, TargetAddress]] = []
        self._tickets = 0

    def reset(self, addresses: Sequence[TargetAddress], scores: Sequence[float]) -> None:
        """From now on these, with these scores; those of before have no place any more."""
        for each in self._addresses:
            each.ticket = 0
        self._addresses, self._heap = list(addresses), []
        for each, score in zip(addresses, scores, strict=True):
            self.place(each, score)

    def place(self, address: TargetAddress, score: float) -> None:
        self._tickets += 1
        address.ticket = self._tickets
        heapq.heappush(self._heap, (score, self._tickets, address))
        if len(self._heap) > 4 * len(self._addresses) + _SLACK:
            self._heap = list(self._places())
            heapq.heapify(self._heap)

    def first(self) -> TargetAddress | None:
        heap = self._heap
        while heap:
            _, ticket, address = heap[0]
            if address.ticket == ticket:
                return address
            heapq.heappop(heap)
        return None

    def first_of(self, wanted: Collection[TargetAddress]) -> TargetAddress | None:
        """The first one of ``wanted``."""
        return min((place for place in self._places() if place[2] in wanted), default=(0, 0, None))[2]

    def untried(self, tried: Collection[Peer]) -> list[TargetAddress]:
        """Those with the fewest tries."""
        return least_tried(self._addresses, tried)

    @property
    def addresses(self) -> Sequence[TargetAddress]:
        return self._addresses

    def _places(self) -> Iterator[tuple[float, int, TargetAddress]]:
        return (place for place in self._heap if place[2].ticket == place[1])
