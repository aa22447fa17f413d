"""The log level of a node over time: set for a while, kept over a reload, taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gwctl.node.log_level import NodeLogLevel


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


def test_a_level_for_a_while_survives_a_reload_and_goes_back_to_what_that_configured() -> None:
    async def main() -> None:
        told: list[str] = []
        level = NodeLogLevel("notice", told.append)
        level.set("debug", 0.05)
        level.configure("error")
        assert (level.current, level.changed) == ("debug", True)
        await until(lambda: level.current == "error")
        assert (told, level.changed) == (["debug", "error"], False)

    asyncio.run(main())


def test_a_later_level_starts_the_time_again() -> None:
    async def main() -> None:
        told: list[str] = []
        level = NodeLogLevel("notice", told.append)
        level.set("debug", 0.01)
        level.set("info", 30.0)
        await asyncio.sleep(0.05)
        assert told == ["debug", "info"]
        level.set("warn", 0.0)
        await until(lambda: level.current == "notice")

    asyncio.run(main())
