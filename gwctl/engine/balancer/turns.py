"""Turns in proportion to weights, spread evenly."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

_STRIDE = 1 << 40


class Weighted(Protocol):
    @property
    def weight(self) -> int: ...


W = TypeVar("W", bound=Weighted)


class Turns(Generic[W]):
    """Deals out turns: each item gets exactly its weight (above 0) in every cycle.

    An item's turns are 1/weight apart; equal turns go by the order of the items. O(log n) each.
    """

    __slots__ = ("_heap", "_items")

    def __init__(self, items: Sequence[W]) -> None:
        self._items = items
        self._heap = [(_STRIDE // item.weight, position) for position, item in enumerate(items)]
        heapq.heapify(self._heap)

    def next(self) -> W:
        turn, position = self._heap[0]
        item = self._items[position]
        heapq.heapreplace(self._heap, (turn + _STRIDE // item.weight, position))
        return item
