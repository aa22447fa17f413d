"""Hub and agent over real sockets and TLS."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.integration.cluster.world import World, run


def test_an_idle_data_plane_has_a_change_within_100_ms(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.start_hub()
        plane = await world.start_plane()
        await world.until(lambda: plane.in_step(), "the first configuration")
        for _ in range(5):
            started = asyncio.get_running_loop().time()
            world.feed.put("services", name=f"s{world.feed.number}")
            await world.publish()
            await world.until(lambda: plane.in_step(), "the change", every=0.001)
            assert asyncio.get_running_loop().time() - started < 0.1

    run(tmp_path, scenario)
