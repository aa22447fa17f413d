"""Delays grow, stay within their bounds and start over after a reset."""

import random

from hypothesis import given
from hypothesis import strategies as st

from gwctl.kit.backoff import Backoff


@given(first=st.floats(0.01, 10), factor=st.floats(1, 100), seed=st.integers())
def test_each_delay_lies_in_the_upper_half_of_its_cap(first: float, factor: float, seed: int) -> None:
    most = first * factor
    backoff = Backoff(first, most, random.Random(seed))
    cap = first
    for _ in range(12):
        delay = backoff.next()
        assert cap / 2 <= delay <= cap
        cap = min(cap * 2, most)


def test_reset_starts_over() -> None:
    backoff = Backoff(1, 60, random.Random(1))
    for _ in range(10):
        backoff.next()
    backoff.reset()
    assert backoff.next() <= 1
