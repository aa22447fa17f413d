"""The life of a child over a bus in memory: it starts, obeys, and always ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gwctl.kit.errors import GwctlError
from gwctl.node import child as child_module
from gwctl.node.bus import Link
from gwctl.node.child import Child
from gwctl.node.messages import Changed, Drain, Failed, Hello, Message, Ready, Stats
from tests.tools.links import MemoryLink, memory_pair
from tests.unit.node.doubles import assignment


class Body:
    """Records what happens to it; ``failure`` is raised by start, ``busy`` seconds are needed to finish."""

    def __init__(self, *, failure: Exception | None = None, busy: float = 0.0, starts: bool = True) -> None:
        self.heard: list[Message] = []
        self.finished: list[float] = []
        self.done = False
        self._failure = failure
        self._busy = busy
        self._starts = starts

    async def start(self, bus: Link) -> None:
        if self._failure is not None:
            raise self._failure
        if not self._starts:
            await asyncio.Event().wait()

    async def receive(self, message: Message) -> None:
        self.heard.append(message)

    def stats(self) -> dict[str, Any]:
        return {"n": 1}

    def reopen(self) -> None: ...

    async def finish(self, seconds: float) -> None:
        self.finished.append(seconds)
        await asyncio.sleep(self._busy)
        self.done = True


Story = Callable[[MemoryLink, Child], Any]


def live(tmp_path: Path, body: Body, story: Story) -> tuple[int, list[Message], float]:
    """Run a child with ``story`` on the supervisor's side; exit code, what it said, and how long it took to end."""

    async def run() -> tuple[int, list[Message], float]:
        ours, theirs = memory_pair()
        child = Child(assignment(tmp_path), body)
        life = asyncio.create_task(child.run(theirs))
        began = time.monotonic()
        await story(ours, child)
        code = await asyncio.wait_for(life, 20)
        took = time.monotonic() - began
        said = []
        while not ours._inbox.empty() and (message := await ours.receive()) is not None:
            said.append(message)
        return code, said, took

    return asyncio.run(run())


def kinds(messages: list[Message]) -> list[type]:
    return [type(message) for message in messages if not isinstance(message, Stats)]


def test_it_says_hello_then_ready_and_ends_when_told(tmp_path: Path) -> None:
    async def story(bus: MemoryLink, _: Child) -> None:
        await asyncio.sleep(0.05)
        bus.send(Changed("L", 1))
        bus.send(Drain(5.0))

    body = Body()
    code, said, took = live(tmp_path, body, story)
    assert code == 0
    assert kinds(said) == [Hello, Ready]
    assert any(isinstance(message, Stats) for message in said)
    assert body.heard == [Changed("L", 1)]
    assert body.done
    assert 4.0 < body.finished[0] <= 5.0
    assert took < 2


def test_an_error_for_people_is_told_with_its_hint(tmp_path: Path) -> None:
    async def story(bus: MemoryLink, _: Child) -> None: ...

    body = Body(failure=GwctlError("no database", hint="make one", code="x"))
    code, said, _ = live(tmp_path, body, story)
    assert code == 1
    assert said[-1] == Failed("no database", "make one", "x")
    assert body.finished == [pytest.approx(0, abs=0.1)]


def test_any_other_error_is_told_too(tmp_path: Path) -> None:
    async def story(bus: MemoryLink, _: Child) -> None: ...

    code, said, _ = live(tmp_path, Body(failure=ZeroDivisionError("oh")), story)
    assert code == 1
    assert said[-1] == Failed("worker 0 cannot start: ZeroDivisionError: oh")


def test_a_start_that_hangs_can_be_ended(tmp_path: Path) -> None:
    async def story(bus: MemoryLink, _: Child) -> None:
        await asyncio.sleep(0.05)
        bus.send(Drain(0.0))

    body = Body(starts=False)
    code, said, took = live(tmp_path, body, story)
    assert code == 0
    assert Ready not in kinds(said)
    assert took < 2


def test_the_end_of_the_bus_is_the_end_of_the_supervisor(tmp_path: Path) -> None:
    async def story(bus: MemoryLink, _: Child) -> None:
        await asyncio.sleep(0.05)
        bus.close()

    body = Body(busy=0.2)
    code, _, took = live(tmp_path, body, story)
    assert code == 0
    assert body.done
    assert 0.2 < took < child_module.ORPHAN_SECONDS + child_module.GRACE < 10


def test_a_body_that_does_not_finish_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module, "GRACE", 0.1)

    async def story(bus: MemoryLink, _: Child) -> None:
        await asyncio.sleep(0.05)
        bus.send(Drain(0.2))

    body = Body(busy=60.0)
    code, _, took = live(tmp_path, body, story)
    assert code == 0
    assert not body.done
    assert took < 2


def test_a_second_word_can_only_make_it_sooner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module, "GRACE", 0.1)

    async def story(bus: MemoryLink, child: Child) -> None:
        await asyncio.sleep(0.05)
        bus.send(Drain(30.0))
        await asyncio.sleep(0.05)
        bus.send(Drain(60.0))
        child.end(0.0)

    _, _, took = live(tmp_path, Body(busy=40.0), story)
    assert took < 2


def test_a_supervisor_that_dies_during_a_long_drain_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module, "GRACE", 0.1)
    monkeypatch.setattr(child_module, "ORPHAN_SECONDS", 0.2)

    async def story(bus: MemoryLink, _: Child) -> None:
        await asyncio.sleep(0.05)
        bus.send(Drain(60.0))
        await asyncio.sleep(0.05)
        bus.close()

    _, _, took = live(tmp_path, Body(busy=40.0), story)
    assert took < 2


def test_a_body_that_fails_to_finish_still_ends(tmp_path: Path) -> None:
    class Broken(Body):
        async def finish(self, seconds: float) -> None:
            raise RuntimeError("no")

    async def story(bus: MemoryLink, _: Child) -> None:
        await asyncio.sleep(0.05)
        bus.send(Drain(1.0))

    assert live(tmp_path, Broken(), story)[0] == 0
