"""When which address is probed next. Sans-IO: time is an argument, in seconds of any steady clock."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Hashable, Iterator, Mapping
from typing import Generic, TypeVar

_Id = TypeVar("_Id", bound=Hashable)

JITTER = 0.1
"""Share of an interval by which probes are moved at random, so that those of many addresses do not come together."""


class Schedule(Generic[_Id]):
    """Each address has at most one probe under way: its next one is due an interval after the last one began, or at
    once when that took longer. The first is due one interval after the address came or its interval changed."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._order = itertools.count()
        self._intervals: dict[_Id, float] = {}
        self._due: dict[_Id, float] = {}
        self._running: dict[_Id, float] = {}
        self._heap: list[tuple[float, int, _Id]] = []

    def keep(self, wanted: Mapping[_Id, float], now: float) -> None:
        """Probe ``wanted``, with their intervals in seconds, and no others."""
        for gone in self._intervals.keys() - wanted.keys():
            del self._intervals[gone]
            self._due.pop(gone, None)
        for each, interval in wanted.items():
            if self._intervals.get(each) != interval:
                self._intervals[each] = interval
                if each not in self._running:
                    self._plan(each, now + self._spread(interval))

    def due(self, now: float) -> Iterator[_Id]:
        """Those whose probe begins now; each must be told ``done``."""
        while self._heap and self._heap[0][0] <= now:
            at, _, each = heapq.heappop(self._heap)
            if self._due.get(each) == at:
                del self._due[each]
                self._running[each] = now
                yield each

    def done(self, each: _Id, now: float) -> None:
        """The probe of ``each`` has ended."""
        began = self._running.pop(each)
        interval = self._intervals.get(each)
        if interval is not None:
            self._plan(each, max(now, began + self._spread(interval)))

    def next_at(self) -> float | None:
        """When ``due`` has something next; None: never."""
        while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def __len__(self) -> int:
        return len(self._intervals)

    def _spread(self, interval: float) -> float:
        return interval * self._rng.uniform(1 - JITTER, 1 + JITTER)

    def _plan(self, each: _Id, at: float) -> None:
        self._due[each] = at
        heapq.heappush(self._heap, (at, next(self._order), each))
