"""The same as in tests/e2e/test_changesets.py, with a hundred thousand records and more moments."""

from __future__ import annotations

import pytest

from tests.tools.changesets import survives
from tests.tools.gateway import Place
from tests.tools.hybrid import hybrid_in


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_b5_a_control_plane_killed_amid_a_sync_of_100_000_records(place: Place) -> None:
    moments = [("planned", 1), *(("progress", number) for number in (1, 10, 25, 40, 50))]
    with hybrid_in(place, data_planes=2) as hybrid:
        survives(hybrid, 100_000, moments)
