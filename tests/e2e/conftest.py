"""Gateways for the end-to-end tests."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.gateway import Place
from tests.tools.hybrid import Hybrid, hybrid_in
from tests.tools.ports import is_free
from tests.tools.postgres import database, postgres
from tests.tools.upstream import Upstream
from tests.tools.waiting import wait_for

__all__ = ["database", "postgres"]

DOCUMENTED = (8000, 8443, 8001, 8444, 8005, 8007)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as made:
        yield made


@pytest.fixture
def hybrid(place: Place) -> Iterator[Hybrid]:
    """One control plane and one data plane of two workers."""
    with hybrid_in(place) as made:
        yield made


@pytest.fixture
def hybrid_of_two(place: Place) -> Iterator[Hybrid]:
    """One control plane and two data planes of two workers each."""
    with hybrid_in(place, data_planes=2) as made:
        yield made


@pytest.fixture
def documented_ports() -> Iterator[None]:
    """The ports of the documentation, for one test of this machine at a time."""
    path = Path(tempfile.gettempdir()) / f"gwctl-test-documented-ports-{os.getuid()}"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        wait_for(
            lambda: all(map(is_free, DOCUMENTED)),
            f"the documented ports {DOCUMENTED} are free: end the gateway that listens on them",
            deadline=20,
        )
        yield
