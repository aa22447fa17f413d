"""A change costs what it touches, whatever the size of the configuration around it; memory and file stay as they are.

Times are of the processor, and compared with each other: nothing here depends on the speed of the machine.
"""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import pytest

from gwctl.cache import CacheReader, CacheWriter
from gwctl.engine import Engine
from gwctl.entities import core_catalog
from gwctl.kit.version import Version
from tests.integration.engine.records import identity
from tests.integration.engine.world import new_engine, play
from tests.tools.memory_feed import RecordDict, make_record

CATALOG = core_catalog()
SERVICE = make_record(CATALOG, "services", id=identity("all"), host="127.0.0.1")
FEW, MANY = 50, 5000
_MIB = 1 << 20


def a_route(number: int, **values: Any) -> RecordDict:
    return make_record(
        CATALOG,
        "routes",
        id=identity(f"r{number}"),
        paths=[f"/r/{number}"],
        service={"id": SERVICE["id"]},
        **values,
    )


class Node:
    """A cache with its writer, and the engine of a worker that follows it."""

    def __init__(self, path: Path, routes: int) -> None:
        self.writer = CacheWriter.open(path, CATALOG, journal=True, durable=False)
        generation = self.writer.begin_generation()
        generation.put("services", SERVICE)
        for number in range(routes):
            generation.put("routes", a_route(number))
        generation.commit(Version("L", 1))
        self.reader: CacheReader = self.writer.reader()
        self.engine: Engine = new_engine()
        self.seconds: list[float] = []

    async def start(self) -> None:
        await self.engine.install(self.reader.view())  # type: ignore[arg-type]

    async def follow(self, *changes: tuple[str, RecordDict | None], entity: str = "routes") -> None:
        version = self.writer.position.version
        self.writer.apply(Version("L", version.number + 1), [(entity, key, record) for key, record in changes])
        began = time.thread_time()
        view = self.reader.view()
        with self.engine.reading() as served:
            changed = view.changed_since(served)
        assert changed is not None
        await self.engine.install(view, changed)  # type: ignore[arg-type]
        self.seconds.append(time.thread_time() - began)

    async def stop(self) -> None:
        await self.engine.stop()
        self.reader.close()
        self.writer.close()


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, float]]:
    """The median processor time of one change, by the number of routes around it."""

    async def of(routes: int) -> dict[str, float]:
        node = Node(tmp_path_factory.mktemp(f"of{routes}") / "cache", routes)
        await node.start()
        for number in range(40):
            await node.follow((identity(f"new {number}"), a_route(routes) | {"id": identity(f"new {number}")}))
        costs, node.seconds = {"route": median(node.seconds)}, []
        for number in range(40):
            await node.follow((SERVICE["id"], SERVICE | {"retries": number}), entity="services")
        costs["service"] = median(node.seconds)
        await node.stop()
        return costs

    return {routes: play(of(routes)) for routes in (FEW, MANY)}


@pytest.mark.parametrize("what", ["route", "service"])
def test_a_change_costs_no_more_among_a_hundred_times_the_routes(costs: dict[int, dict[str, float]], what: str) -> None:
    assert costs[MANY][what] <= 4 * costs[FEW][what], costs


def test_a_thousand_changes_grow_neither_memory_nor_the_file(tmp_path: Path) -> None:
    async def run() -> None:
        node = Node(tmp_path / "cache", FEW)
        await node.start()
        data = next(tmp_path.rglob("data.mdb"))
        settled: tuple[int, int] = (0, 0)
        for number in range(1500):
            await node.follow(
                (identity(f"new {number}"), a_route(FEW) | {"id": identity(f"new {number}")}),
                *([(identity(f"new {number - 20}"), None)] if number >= 20 else []),
            )
            if number == 500:
                settled = psutil.Process().memory_info().rss, data.stat().st_blocks
        grown = psutil.Process().memory_info().rss - settled[0]
        # deletions are remembered: 200 bytes each
        pages = (data.stat().st_blocks - settled[1]) * 512
        await node.stop()
        assert grown < 4 * _MIB
        assert pages < _MIB

    play(run())
