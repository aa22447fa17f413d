"""A running control plane on each kind of database, and ``gwctl`` as its client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.tools.gateway import ControlPlane, Place
from tests.tools.stores import KINDS


@pytest.fixture(params=KINDS)
def control_plane(request: pytest.FixtureRequest, place: Place) -> Iterator[ControlPlane]:
    """Started, empty; commands of its place find it by GWCTL_ADMIN_URL."""
    environ = {} if request.param == "sqlite" else request.getfixturevalue("database").environ()
    made = ControlPlane(place, environ=environ)
    place.set_up("hybrid", "gen_cert")
    made.bootstrap()
    made.start()
    place.environ["GWCTL_ADMIN_URL"] = made.admin
    yield made
    made.stop(ok=False)
