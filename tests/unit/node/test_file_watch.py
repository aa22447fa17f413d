"""A changed file is noticed once, whole, and in every way a file may change."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gwctl.node.file_watch import FileWatch


def renamed(path: Path) -> None:
    fresh = path.with_name("fresh")
    fresh.write_text("changed!")
    fresh.rename(path)


def written(path: Path) -> None:
    path.write_text("changed!")


def removed_and_back(path: Path) -> None:
    path.unlink()
    path.write_text("changed!")


@pytest.mark.parametrize("change", [renamed, written, removed_and_back])
def test_a_change_is_told_once_and_after_it_is_complete(tmp_path: Path, change: Callable[[Path], None]) -> None:
    path = tmp_path / "kong.yml"
    path.write_text("before")
    seen: list[str] = []

    async def run() -> None:
        told = asyncio.Event()

        async def changed() -> None:
            seen.append(path.read_text())
            told.set()

        watch = asyncio.create_task(FileWatch(path, changed, every=0.01).run())
        await asyncio.sleep(0.03)
        change(path)
        async with asyncio.timeout(5):
            await told.wait()
        await asyncio.sleep(0.05)
        watch.cancel()

    asyncio.run(run())

    assert seen == ["changed!"]


def test_a_link_to_another_file_is_a_change_and_a_missing_file_is_waited_for(tmp_path: Path) -> None:
    one, two, link = tmp_path / "one", tmp_path / "two", tmp_path / "kong.yml"
    one.write_text("1")
    two.write_text("2")
    seen: list[str] = []

    async def run() -> None:
        told: asyncio.Queue[str] = asyncio.Queue()

        async def changed() -> None:
            seen.append(link.read_text())
            told.put_nowait("")

        watch = asyncio.create_task(FileWatch(link, changed, every=0.01).run())
        await asyncio.sleep(0.03)
        os.symlink(one, link)
        async with asyncio.timeout(5):
            await told.get()
        os.symlink(two, tmp_path / "next")
        os.rename(tmp_path / "next", link)
        async with asyncio.timeout(5):
            await told.get()
        watch.cancel()

    asyncio.run(run())

    assert seen == ["1", "2"]
