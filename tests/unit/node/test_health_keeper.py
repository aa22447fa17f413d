"""What goes wrong in the process that probes must not end the probes for good."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gwctl.cache import CacheWriter
from gwctl.engine.balancer.registry import Balancers
from gwctl.entities import core_catalog
from gwctl.kit.version import Version
from gwctl.node import health_keeper
from gwctl.node.cache_files import cache_place
from gwctl.node.health_keeper import HealthKeeper
from tests.unit.node.doubles import assignment


def test_a_mistake_with_one_version_is_made_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_keeper, "KEEP_SECONDS", 0.01)
    monkeypatch.setattr(health_keeper, "PAUSE_SECONDS", 0.01)
    made = assignment(tmp_path)
    writer = CacheWriter.open(cache_place(made.settings), core_catalog(), journal=True, durable=False)
    writer.begin_generation().commit(Version("L", 5))
    tries = 0

    async def main() -> None:
        taken_over = asyncio.Event()

        def sync(self: Balancers, upstreams: object) -> None:
            nonlocal tries
            tries += 1
            if tries == 1:
                raise ValueError("a mistake")
            taken_over.set()

        monkeypatch.setattr(Balancers, "sync", sync)
        keeper = HealthKeeper(made)
        keeper.start(writer.reader())
        async with asyncio.timeout(5):
            await taken_over.wait()
        await keeper.close()

    asyncio.run(main())
