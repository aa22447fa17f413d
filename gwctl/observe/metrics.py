"""The figures that each worker keeps of its requests: names, buckets, and their places in one row of 64-bit words.

A worker writes only its own row, so it needs no lock and makes no system call; who shows the figures adds the rows up.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

BUCKETS_MS = (1, 2, 5, 10, 25, 50, 80, 100, 250, 400, 700, 1000, 2000, 5000, 10000, 30000, 60000)
"""Upper bounds of the buckets of both histograms, in milliseconds; one more bucket holds what took longer."""

_WIDTH = len(BUCKETS_MS) + 1

REQUESTS = 0
STATUS = 1
"""First of six: answers without a status of their own (the client had gone), then 1xx to 5xx."""
SENT_BYTES = STATUS + 6
PROXIED = SENT_BYTES + 1
REQUEST_MICROS = PROXIED + 1
UPSTREAM_MICROS = REQUEST_MICROS + 1
REQUEST_BUCKETS = UPSTREAM_MICROS + 1
UPSTREAM_BUCKETS = REQUEST_BUCKETS + _WIDTH
COLUMNS = UPSTREAM_BUCKETS + _WIDTH
"""Words of a row that are used."""

_CLASSES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")


class MetricRow:
    """The row of one worker. Whoever had it before leaves its counts there, so totals never go back."""

    __slots__ = ("_words",)

    def __init__(self, words: memoryview[int]) -> None:
        """``words`` are COLUMNS or more."""
        self._words = words

    def request(self, status: int, sent: int, seconds: float, upstream_seconds: float | None) -> None:
        """A request ended: ``sent`` bytes of body went to the client; None when no upstream was asked."""
        words = self._words
        words[REQUESTS] += 1
        words[STATUS + status // 100 if status < 600 else STATUS] += 1
        words[SENT_BYTES] += sent
        millis = seconds * 1000
        words[REQUEST_MICROS] += int(millis * 1000)
        words[REQUEST_BUCKETS + bisect_left(BUCKETS_MS, millis)] += 1
        if upstream_seconds is not None:
            millis = upstream_seconds * 1000
            words[PROXIED] += 1
            words[UPSTREAM_MICROS] += int(millis * 1000)
            words[UPSTREAM_BUCKETS + bisect_left(BUCKETS_MS, millis)] += 1


@dataclass(frozen=True, slots=True)
class Histogram:
    """``counts`` per bucket of BUCKETS_MS and one for the rest; ``seconds`` is the sum of all."""

    counts: Sequence[int]
    seconds: float


@dataclass(frozen=True, slots=True)
class Totals:
    """Of a node since it started."""

    requests: int
    statuses: Mapping[str, int]
    sent_bytes: int
    proxied: int
    request: Histogram
    upstream: Histogram


def totals(rows: Iterable[Sequence[int]]) -> Totals:
    """The sum of ``rows``, which others may be writing meanwhile."""
    sums = [sum(column) for column in zip(*(list(row[:COLUMNS]) for row in rows), strict=True)] or [0] * COLUMNS
    return Totals(
        requests=sums[REQUESTS],
        statuses=dict(zip(_CLASSES, sums[STATUS:SENT_BYTES], strict=True)),
        sent_bytes=sums[SENT_BYTES],
        proxied=sums[PROXIED],
        request=Histogram(sums[REQUEST_BUCKETS:UPSTREAM_BUCKETS], sums[REQUEST_MICROS] / 1e6),
        upstream=Histogram(sums[UPSTREAM_BUCKETS:COLUMNS], sums[UPSTREAM_MICROS] / 1e6),
    )
