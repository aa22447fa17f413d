"""VersionWatch: woken by any process's commit, patient with a database that goes away."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable

import pytest

from gwctl.entities.catalog import Catalog
from gwctl.kit.clock import SystemClock
from gwctl.store import DatabaseConfig, Store, VersionWatch
from tests.tools.children import Child
from tests.tools.postgres import running_postgres
from tests.tools.stores import bootstrap


def write(config: DatabaseConfig, catalog: Catalog, name: str) -> None:
    store = Store.open(config, catalog, SystemClock())
    with store.write() as unit:
        unit.insert("consumers", {"username": name})
    store.close()


async def timed(waiting: Awaitable[None]) -> float:
    begun = time.monotonic()
    await waiting
    return time.monotonic() - begun


async def settled(watch: VersionWatch) -> None:
    """Past the news that every new connection is."""
    while await timed(watch.wait(0.3)) < 0.25:
        pass


def test_a_commit_of_another_process_wakes_it(bootstrapped: DatabaseConfig, catalog: Catalog) -> None:
    async def scenario() -> None:
        async with VersionWatch(bootstrapped) as watch:
            await settled(watch)
            for attempt in range(3):
                child = Child(lambda attempt=attempt: write(bootstrapped, catalog, f"u{attempt}"))
                assert await timed(watch.wait(20)) < 15
                assert child.wait() == 0
                await settled(watch)

    asyncio.run(scenario())


def test_a_commit_of_this_process_wakes_it_at_once(store: Store, bootstrapped: DatabaseConfig) -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        async with VersionWatch(bootstrapped) as watch:
            await settled(watch)
            woken: list[float] = []
            for attempt in range(5):
                waiting = asyncio.create_task(watch.wait(10))
                await asyncio.sleep(0)
                committed = await loop.run_in_executor(None, _commit, store, f"u{attempt}")
                await waiting
                woken.append(time.monotonic() - committed)
                await settled(watch)
            assert min(woken) < 0.05
            assert max(woken) < 1

    asyncio.run(scenario())


def _commit(store: Store, name: str) -> float:
    with store.write() as unit:
        unit.insert("consumers", {"username": name})
    return time.monotonic()


def test_a_commit_between_two_waits_is_not_missed(store: Store, bootstrapped: DatabaseConfig) -> None:
    async def scenario() -> None:
        async with VersionWatch(bootstrapped) as watch:
            await settled(watch)
            _commit(store, "u")
            assert await timed(watch.wait(10)) < 2

    asyncio.run(scenario())


def test_without_news_it_returns_after_the_time(store: Store, bootstrapped: DatabaseConfig) -> None:
    async def scenario() -> None:
        async with VersionWatch(bootstrapped) as watch:
            await settled(watch)
            assert 0.1 <= await timed(watch.wait(0.12)) < 2

    asyncio.run(scenario())


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_file_that_was_exchanged_is_followed(bootstrapped: DatabaseConfig, catalog: Catalog) -> None:
    async def scenario() -> None:
        path = bootstrapped.path
        assert path is not None
        async with VersionWatch(bootstrapped) as watch:
            await settled(watch)
            copy = path.with_name("copy.db")
            copy.write_bytes(path.read_bytes())
            os.replace(copy, path)
            assert await timed(watch.wait(10)) < 2
            await settled(watch)
            os.unlink(path)
            assert await timed(watch.wait(0.1)) >= 0.1

    asyncio.run(scenario())


@pytest.mark.postgres
@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
def test_it_listens_again_after_the_server_was_away(database_kind: str, catalog: Catalog) -> None:
    with running_postgres() as server:
        config = server.create_database().config()
        bootstrap(config)

        async def scenario() -> None:
            async with VersionWatch(config) as watch:
                await settled(watch)
                server.stop(immediate=True)
                for _ in range(5):
                    await watch.wait(0.2)
                server.start()
                write(config, catalog, "missed")
                assert await timed(watch.wait(20)) < 10
                await settled(watch)
                write(config, catalog, "heard")
                assert await timed(watch.wait(20)) < 2

        asyncio.run(scenario())


@pytest.mark.postgres
@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
def test_a_server_that_is_down_from_the_start_is_waited_for(database_kind: str, catalog: Catalog) -> None:
    with running_postgres() as server:
        config = server.create_database().config()
        bootstrap(config)
        server.stop()

        async def wait_through(work: Callable[[], None]) -> None:
            async with VersionWatch(config) as watch:
                assert await timed(watch.wait(0.3)) >= 0.25
                work()
                assert await timed(watch.wait(20)) < 10

        asyncio.run(wait_through(server.start))
