"""The whole matrix of the strictness table over the wire: every row, both codecs, twice, cut at every byte (C2)."""

from __future__ import annotations

import pytest

from tests.integration.engine.strict_matrix import judge, ways
from tests.integration.engine.test_strict_wire import CASES, CODECS
from tests.integration.engine.world import play


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("name", CASES)
def test_every_way_of_sending_a_row(name: str, codec: str) -> None:
    play(judge(name, ways(CASES[name]), codec))
