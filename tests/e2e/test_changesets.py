"""One document is one changeset, also for somebody who kills the control plane in the middle."""

from __future__ import annotations

from tests.tools.changesets import survives
from tests.tools.hybrid import Hybrid


def test_b5_a_control_plane_killed_amid_a_sync_leaves_the_old_state_or_the_new_one(hybrid: Hybrid) -> None:
    survives(hybrid, 2500, [("planned", 1), ("progress", 1)])
