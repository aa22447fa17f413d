"""The long form of the store's promise: eight writers, five hundred versions each, one reader that follows."""

from __future__ import annotations

import pytest

from gwctl.entities.catalog import core_catalog
from tests.tools.following import follow_writers
from tests.tools.postgres import running_postgres
from tests.tools.stores import bootstrap


@pytest.mark.soak
@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_a_reader_sees_every_version_of_eight_times_five_hundred_writes() -> None:
    with running_postgres() as server:
        config = server.create_database().config()
        bootstrap(config)
        follow_writers(config, core_catalog(), 500)
