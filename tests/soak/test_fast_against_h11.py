"""A million heads from the grammar of tests/tools/heads.py, each read by both codecs."""

from __future__ import annotations

import random

import pytest

from tests.tools import heads
from tests.tools.codecs import disagreement

CASES = 500_000


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [1, 2])
def test_half_a_million_requests_and_responses_mean_the_same(seed: int) -> None:
    rng = random.Random(seed)
    for number in range(CASES // 2):
        assert disagreement(heads.request(rng), method=None) is None
        assert disagreement(heads.response(rng), method=b"HEAD" if number % 4 == 0 else b"GET") is None
