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
        elif _shares_a_node(item):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def _shares_a_node(item: pytest.Item) -> bool:
    """Whether a test uses what its module starts once: run by two workers it would be started twice."""
    if not isinstance(item, pytest.Function) or not item.nodeid.startswith("tests/e2e/"):
        return False
    if item.get_closest_marker("xdist_group") is not None:
        return False
    return any(found[-1].scope == "module" for found in item._fixtureinfo.name2fixturedefs.values())


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An empty home and directory for ``gwctl``; no process of the test outlives it."""
    with place_in(tmp_path) as made:
        yield made
