"""Requests that wait for the names of an upstream's targets, while its configuration changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from gwctl.engine.balancer.peers import NoPeer
from tests.tools.balancing import UPSTREAM, World, run

CHANGES: dict[str, Callable[[World], None]] = {
    "the upstream is deleted": lambda world: world.balancers.remove(UPSTREAM),
    "the target is deleted": lambda world: world.drop("slow.test:80"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_nobody_waits_for_a_name_that_nobody_looks_up(change: Callable[[World], None]) -> None:
    async def scene() -> None:
        world = World()
        world.names.hold = asyncio.Event()
        world.names.say("slow.test", "A", "10.0.0.1")
        world.add("slow.test:80")
        waiting = asyncio.ensure_future(world.resolve())
        await asyncio.sleep(0)
        change(world)
        with pytest.raises(NoPeer):
            await asyncio.wait_for(waiting, 5)
        await world.balancers.close()

    run(scene())


def test_who_waits_gets_the_target_that_came() -> None:
    async def scene() -> None:
        world = World()
        world.names.hold = asyncio.Event()
        world.names.say("slow.test", "A", "10.0.0.1")
        world.add("slow.test:80")
        waiting = asyncio.ensure_future(world.resolve())
        await asyncio.sleep(0)
        world.add("10.0.0.2:80")
        assert (await asyncio.wait_for(waiting, 5)).ip == "10.0.0.2"
        await world.balancers.close()

    run(scene())
