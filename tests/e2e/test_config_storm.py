"""C4, the short form: configuration changes again and again, and no request notices (the full minute: tests/soak)."""

from __future__ import annotations

import pytest

from tests.tools.gateway import Place
from tests.tools.storm import scene

RATE = 300
CHANGES = 50
SECONDS = 2.0
ATTEMPTS = 5


@pytest.mark.serial
def test_c4_no_request_notices_a_storm_of_changes(place: Place) -> None:
    with scene(place) as played:
        ratios = []
        for _ in range(ATTEMPTS):
            quiet = played.quiet(RATE, SECONDS)
            ratios.append(played.stormy(RATE, SECONDS, CHANGES).p99 / quiet.p99)
            if ratios[-1] <= 2:
                break
        assert min(ratios) <= 2, ratios
        assert played.storm.versions >= CHANGES * SECONDS / 2
