"""When a worker opens the cache, and what it says of the versions it meets."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gwctl.cache import CacheReader, CacheWriter
from gwctl.engine import RecordView, SnapshotError
from gwctl.entities import core_catalog
from gwctl.kit.digest import ZEROS
from gwctl.kit.version import Version
from gwctl.node import worker as worker_module
from gwctl.node.cache_files import cache_place
from gwctl.node.messages import Message, Refused, Swapped, available
from gwctl.node.worker import Worker
from tests.tools.links import MemoryLink, memory_pair
from tests.tools.memory_feed import make_record
from tests.unit.node.doubles import assignment


@pytest.fixture
def writer(tmp_path: Path) -> CacheWriter:
    place = cache_place(assignment(tmp_path).settings)
    opened = CacheWriter.open(place, core_catalog(), journal=True, durable=False)
    opened.begin_generation().commit(Version("L", 5))
    return opened


def make(tmp_path: Path, *, cache_is_open: bool = False) -> Worker:
    return Worker(replace(assignment(tmp_path, proxy_access_log="off"), cache_is_open=cache_is_open), [])


async def next_of(link: MemoryLink) -> Message | None:
    async with asyncio.timeout(5):
        return await link.receive()


@pytest.fixture
def openings(writer: CacheWriter, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every cache that was opened; a process may open one only once, so the writer's is shared."""
    seen: list[Path] = []

    def opening(path: Path) -> CacheReader:
        seen.append(path)
        return writer.reader()

    monkeypatch.setattr(CacheReader, "open", opening)
    return seen


def test_a_cache_is_not_touched_before_its_writer_has_announced_it(
    tmp_path: Path, writer: CacheWriter, openings: list[Path]
) -> None:
    async def main() -> None:
        supervisor, bus = memory_pair()
        worker = make(tmp_path)
        start = asyncio.create_task(worker.start(bus))
        await asyncio.sleep(0.1)
        assert openings == []
        await worker.receive(available(writer.position))
        await asyncio.wait_for(start, 5)
        assert await next_of(supervisor) == Swapped("L", 5, ZEROS, 0)
        await worker.finish(0)

    asyncio.run(main())
    assert len(openings) == 1


def test_one_that_was_open_before_is_not_waited_for(
    tmp_path: Path, openings: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "CACHE_SECONDS", 60.0)

    async def main() -> None:
        worker = make(tmp_path, cache_is_open=True)
        await asyncio.wait_for(worker.start(memory_pair()[1]), 5)
        await worker.finish(0)

    asyncio.run(main())
    assert len(openings) == 1


def test_without_a_writer_traffic_is_served_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "CACHE_SECONDS", 0.05)

    async def main() -> None:
        supervisor, bus = memory_pair()
        worker = make(tmp_path)
        await asyncio.wait_for(worker.start(bus), 5)
        assert await next_of(supervisor) == Swapped("", 0, ZEROS, 0)
        await worker.finish(0)

    asyncio.run(main())


@pytest.mark.usefixtures("openings")
def test_a_version_that_cannot_be_served_is_refused_and_the_one_before_stays(
    tmp_path: Path, writer: CacheWriter
) -> None:
    async def main() -> None:
        supervisor, bus = memory_pair()
        worker = make(tmp_path, cache_is_open=True)
        await worker.start(bus)
        await next_of(supervisor)
        served = worker.stats()

        async def refuse(view: RecordView, changed: object) -> None:
            view.close()
            raise SnapshotError("routes x: no")

        install, worker._engine.install = worker._engine.install, refuse  # type: ignore[method-assign]
        writer.begin_generation().commit(Version("L", 6))
        await worker.receive(available(writer.position))
        refused = await next_of(supervisor)
        assert isinstance(refused, Refused)
        assert refused.number == 6
        assert worker.stats()["server"] == served["server"]
        worker._engine.install = install  # type: ignore[method-assign]
        writer.begin_generation().commit(Version("L", 7))
        await worker.receive(available(writer.position))
        assert await next_of(supervisor) == Swapped("L", 7, ZEROS, 0)
        await worker.finish(0)

    asyncio.run(main())


@pytest.mark.usefixtures("openings")
def test_versions_that_come_quickly_are_served_as_the_newest(tmp_path: Path, writer: CacheWriter) -> None:
    async def main() -> None:
        supervisor, bus = memory_pair()
        worker = make(tmp_path, cache_is_open=True)
        await worker.start(bus)
        await next_of(supervisor)
        for number in (6, 7, 8):
            writer.begin_generation().commit(Version("L", number))
            await worker.receive(available(writer.position))
        assert await next_of(supervisor) == Swapped("L", 8, ZEROS, 0)
        await worker.finish(0)

    asyncio.run(main())


@pytest.mark.usefixtures("openings")
def test_the_engine_is_told_what_changed_since_the_version_that_it_serves(tmp_path: Path, writer: CacheWriter) -> None:
    told: list[object] = []

    async def main() -> None:
        supervisor, bus = memory_pair()
        worker = make(tmp_path, cache_is_open=True)
        await worker.start(bus)
        await next_of(supervisor)
        install = worker._engine.install

        async def noting(view: RecordView, changed: Any = None) -> None:
            told.append(changed)
            await install(view, changed)

        worker._engine.install = noting  # type: ignore[method-assign]
        record = make_record(core_catalog(), "consumers", username="one")
        writer.apply(Version("L", 6), [("consumers", record["id"], record)])
        await worker.receive(available(writer.position))
        assert isinstance(await next_of(supervisor), Swapped)
        assert told == [[("consumers", record["id"])]]
        await worker.finish(0)

    asyncio.run(main())
