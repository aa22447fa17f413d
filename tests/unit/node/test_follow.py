"""Following the change log: every new position is told once, and a database that is away is waited for."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from gwctl.kit.changes import NOWHERE, Position
from gwctl.kit.errors import GwctlError
from gwctl.kit.version import Version
from gwctl.node import follow as follow_module
from gwctl.node.follow import Follower
from gwctl.store import DatabaseConfig


class Replica:
    def __init__(self) -> None:
        self.number = 0
        self.down = False
        self.broken = False
        self.calls = 0

    @property
    def position(self) -> Position:
        return Position(Version("L", self.number), self.number, self.number) if self.number else NOWHERE

    def catch_up(self) -> Position:
        self.calls += 1
        if self.down:
            raise GwctlError("no database")
        if self.broken:
            raise ZeroDivisionError("a mistake of ours")
        return self.position


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


def run(story: Any) -> list[int]:
    told: list[int] = []

    async def main() -> None:
        replica = Replica()
        with ThreadPoolExecutor(1) as executor:
            follower = Follower(
                cast(Any, replica), DatabaseConfig(), executor, lambda position: told.append(position.version.number)
            )
            task = asyncio.create_task(follower.run())
            try:
                await story(follower, replica, told)
            finally:
                task.cancel()

    asyncio.run(main())
    return told


def test_each_new_position_is_told_once() -> None:
    async def story(follower: Follower, replica: Replica, told: list[int]) -> None:
        for number in (3, 3, 4):
            replica.number = number
            calls = replica.calls
            follower.wake()
            await until(lambda calls=calls: replica.calls > calls)
            await until(lambda number=number: told and told[-1] == number)

    assert run(story) == [3, 4]


def test_a_database_that_is_away_is_asked_again_by_itself(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(follow_module, "RETRY_SECONDS", 0.01)

    async def story(follower: Follower, replica: Replica, told: list[int]) -> None:
        replica.down = True
        follower.wake()
        await until(lambda: replica.calls > 3)
        assert follower.reachable is False
        replica.down, replica.number = False, 9
        await until(lambda: told)
        assert follower.reachable is True

    assert run(story) == [9]
    assert caplog.text.count("cannot follow the change log") == 1


def test_it_is_woken_by_the_database_too(monkeypatch: pytest.MonkeyPatch) -> None:
    news = asyncio.Event()

    class Watch:
        def __init__(self, config: DatabaseConfig) -> None: ...

        async def __aenter__(self) -> Watch:
            return self

        async def __aexit__(self, *_: object) -> None: ...

        async def wait(self, timeout: float) -> None:
            await news.wait()
            news.clear()

    monkeypatch.setattr(follow_module, "VersionWatch", Watch)

    async def story(follower: Follower, replica: Replica, told: list[int]) -> None:
        watch = asyncio.create_task(follower.watch())
        replica.number = 5
        news.set()
        await until(lambda: told)
        watch.cancel()

    assert run(story) == [5]


def test_a_mistake_of_ours_does_not_end_the_following(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(follow_module, "RETRY_SECONDS", 0.01)

    async def story(follower: Follower, replica: Replica, told: list[int]) -> None:
        replica.broken, replica.number = True, 3
        follower.wake()
        await until(lambda: replica.calls >= 2)
        replica.broken = False
        await until(lambda: told == [3])

    run(story)
    assert "ZeroDivisionError" in caplog.text


def test_a_stream_of_changes_is_followed_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow_module, "PAUSE_SECONDS", 0.05)

    async def story(follower: Follower, replica: Replica, told: list[int]) -> None:
        for number in range(1, 101):
            replica.number = number
            follower.wake()
            await asyncio.sleep(0.001)
        await until(lambda: told and told[-1] == 100)
        assert told[0] == 1, "the first one does not wait"
        assert replica.calls < 20

    run(story)
