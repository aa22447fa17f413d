"""Delays between attempts."""

from __future__ import annotations

import random


class Backoff:
    """Exponential delays with full jitter in the upper half: each delay lies in [cap/2, cap].

    ``first`` and ``most`` are seconds; ``cap`` doubles from ``first`` to ``most`` and falls back with ``reset``.
    """

    def __init__(self, first: float, most: float, rng: random.Random | None = None) -> None:
        self._first = first
        self._most = most
        self._cap = first
        self._rng = rng or random.Random()

    def next(self) -> float:
        cap, self._cap = self._cap, min(self._cap * 2, self._most)
        return cap / 2 + self._rng.random() * cap / 2

    def reset(self) -> None:
        self._cap = self._first
