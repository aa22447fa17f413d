"""A failing task is logged under its name; close ends what still runs."""

import asyncio
import logging

import pytest

from gwctl.kit.tasks import Tasks


async def _fail() -> None:
    raise RuntimeError("boom")


def test_a_failure_is_logged_with_the_name(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        tasks = Tasks(logging.getLogger("test"))
        task = tasks.spawn("telegraph", _fail())
        await asyncio.wait({task})
        await asyncio.sleep(0)

    asyncio.run(main())
    assert "task telegraph failed" in caplog.text
    assert "RuntimeError: boom" in caplog.text


def test_close_cancels_and_waits() -> None:
    ended: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cleaned")

    async def main() -> None:
        tasks = Tasks(logging.getLogger("test"))
        tasks.spawn("forever", forever())
        await asyncio.sleep(0)
        await tasks.close()
        assert ended == ["cleaned"]

    asyncio.run(main())
