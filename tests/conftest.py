"""What every test shares: where serial tests run, and a place for those that run the installed program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.gateway import Place, place_in


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("serial") is not None:
            item.add_marker(pytest.mark.xdist_group("serial"))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An empty home and directory for ``gwctl``; no process of the test outlives it."""
    with place_in(tmp_path) as made:
        yield made
