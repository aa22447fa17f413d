"""What every test shares: which worker runs them, and a place for those that run the installed program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tools.gateway import Place, place_in
from tests.tools.sharing import ByModule


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByModule:
    return ByModule(config, log)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An empty home and directory for ``gwctl``; no process of the test outlives it."""
    with place_in(tmp_path) as made:
        yield made
