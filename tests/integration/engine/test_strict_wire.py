"""No case of the strictness table reaches an upstream in a framing other than the one that the gateway saw (C2).

Here every row comes whole and in a sample of its other ways, over both codecs; tests/soak has all of them.
"""

from __future__ import annotations

import random

import pytest

from tests.integration.engine.strict_cases import ACCEPTED, REFUSED
from tests.integration.engine.strict_matrix import Way, judge, ways
from tests.integration.engine.world import play

CASES = {name: case[0] for name, case in (REFUSED | ACCEPTED).items()}
CODECS = ("h11", "fast")
_SEED = 4
_SAMPLE = 5


def sample(name: str, raw: bytes) -> list[Way]:
    """Whole, twice behind a sound request, and some cuts."""
    return [
        Way(),
        Way(twice=True, behind=True, buffered=False),
        *random.Random(f"{_SEED} {name}").sample(ways(raw), _SAMPLE),
    ]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("name", CASES)
def test_nothing_reaches_an_upstream_in_another_framing(name: str, codec: str) -> None:
    play(judge(name, sample(name, CASES[name]), codec))
