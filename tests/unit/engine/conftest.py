"""What tests of the engine's parts share."""

from __future__ import annotations

import pytest

from gwctl.engine.http1.choice import FAST, H11, Codec


@pytest.fixture(scope="module", params=[H11, FAST], ids=["h11", "fast"])
def codec(request: pytest.FixtureRequest) -> Codec:
    """Each of the codecs."""
    made: Codec = request.param
    return made
