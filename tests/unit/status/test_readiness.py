from __future__ import annotations

import pytest

from gwctl.kit.digest import ZEROS
from gwctl.status import ServingState, readiness

FULL = "1" * 32


@pytest.mark.parametrize(
    ("role", "state", "expected"),
    [
        ("control_plane", ServingState(0, 0, 0), (True, "ready")),
        ("traditional", ServingState(2, 1, 1), (False, "router builds not yet complete")),
        ("traditional", ServingState(2, 2, 1), (False, "plugins iterator build not yet complete")),
        ("traditional", ServingState(2, 2, 2), (True, "ready")),
        (
            "data_plane",
            ServingState(2, 2, 2),
            (False, "no configuration available (configuration hash is not initialized)"),
        ),
        (
            "data_plane",
            ServingState(2, 2, 2, ZEROS),
            (False, "no configuration available (empty configuration present)"),
        ),
        (
            "data_plane",
            ServingState(4, 3, 3, FULL),
            (False, "router builds not yet complete, router ready in 3 of 4 workers"),
        ),
        (
            "data_plane",
            ServingState(4, 4, 2, FULL),
            (False, "plugins iterator builds not yet complete, plugins iterator ready in 2 of 4 workers"),
        ),
        ("data_plane", ServingState(4, 4, 4, FULL), (True, "ready")),
    ],
)
def test_the_first_failing_condition_gives_the_message(
    role: str, state: ServingState, expected: tuple[bool, str]
) -> None:
    assert readiness(role, state) == expected
