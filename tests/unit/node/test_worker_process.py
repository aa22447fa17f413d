"""A worker goes on following the cache whatever happens to it on the way."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from gwctl.cache import CacheStorage, CacheWriter
from gwctl.entities import core_catalog
from gwctl.kit.version import NO_VERSION, Version
from gwctl.node import worker as worker_module
from gwctl.node.bus import Link
from gwctl.node.cache_files import cache_place
from gwctl.node.messages import Available, Message, Swapped
from gwctl.node.worker import Worker
from tests.tools.links import memory_pair
from tests.unit.node.doubles import assignment


@pytest.mark.parametrize("error", [CacheStorage("no memory map"), ZeroDivisionError("a mistake of ours")])
def test_a_version_that_could_not_be_read_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(worker_module, "RETRY_SECONDS", 0.01)
    errors = [error]
    served = asyncio.Event()

    async def follow(bus: Link) -> None:
        if errors:
            raise errors.pop()
        served.set()

    async def main() -> None:
        worker = Worker(assignment(tmp_path, proxy_access_log="off"), [])
        monkeypatch.setattr(worker, "_follow", follow)
        task = asyncio.create_task(worker._keep_following(memory_pair()[0]))
        await worker.receive(Available("L", 2, "0" * 32, 1))
        async with asyncio.timeout(5):
            await served.wait()
        task.cancel()
        await worker.finish(0)

    asyncio.run(main())


def test_removed_files_take_nothing_from_what_is_served(tmp_path: Path) -> None:
    assigned = assignment(tmp_path, proxy_access_log="off")
    place = cache_place(assigned.settings)

    async def main() -> list[Message]:
        writer = CacheWriter.open(place, core_catalog(), durable=False)
        fresh = writer.begin_generation()
        fresh.commit(Version("L", 5))
        writer.close()
        supervisor, bus = memory_pair()
        worker = Worker(assigned, [])
        await worker._follow(bus)
        shutil.rmtree(place)
        await worker._follow(bus)
        await worker.finish(0)
        bus.close()
        heard = []
        while (message := await supervisor.receive()) is not None:
            heard.append(message)
        return heard

    assert [(type(message), message.number) for message in asyncio.run(main())] == [(Swapped, 5)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("after", [Version("L", 4), NO_VERSION])
def test_a_cache_that_fell_back_takes_nothing_from_what_is_served(tmp_path: Path, after: Version) -> None:
    assigned = assignment(tmp_path, proxy_access_log="off")
    place = cache_place(assigned.settings)

    def write(version: Version) -> None:
        shutil.rmtree(place, ignore_errors=True)
        writer = CacheWriter.open(place, core_catalog(), durable=False)
        if version != NO_VERSION:
            writer.begin_generation().commit(version)
        writer.close()

    async def main() -> list[Message]:
        supervisor, bus = memory_pair()
        worker = Worker(assigned, [])
        for version in (Version("L", 5), after, Version("L", 6), Version("M", 1)):
            write(version)
            worker._reader = None  # the files are other ones each time
            await worker._follow(bus)
        await worker.finish(0)
        bus.close()
        heard = []
        while (message := await supervisor.receive()) is not None:
            heard.append(message)
        return heard

    assert [(message.lineage, message.number) for message in asyncio.run(main())] == [  # type: ignore[attr-defined]
        ("L", 5),
        ("L", 6),
        ("M", 1),
    ]
