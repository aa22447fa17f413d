"""Who hears what: messages reach those they concern, and the command line gets answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gwctl.kit.digest import ZEROS
from gwctl.node.crew import Crew, Member
from gwctl.node.messages import (
    Answer,
    Ask,
    Available,
    Changed,
    Hello,
    LogLevel,
    Message,
    Node,
    Question,
    Refused,
    ReopenLogs,
    Reply,
    Swapped,
)
from gwctl.node.plan import API, WORKER
from gwctl.node.questions import LOG_LEVEL
from gwctl.node.report import Report
from gwctl.node.rollout import Rollout
from gwctl.node.switchboard import Switchboard
from gwctl.observe import logs
from tests.tools.links import MemoryLink, memory_pair
from tests.unit.node.doubles import assignment

SEVEN = Available("L", 7, "7" * 32, 7)
SERVED = Swapped("L", 7, "7" * 32, 7)


class StubCrew:
    """Members that never end; what each was sent is in ``inboxes``."""

    def __init__(self, tmp_path: Path, *kinds: str) -> None:
        self.members: list[Member] = []
        self._ends: dict[int, MemoryLink] = {}
        for pid, kind in enumerate(kinds, 1):
            ours, theirs = memory_pair()
            process = cast(Any, SimpleNamespace(pid=pid))
            self.members.append(Member(replace(assignment(tmp_path), kind=kind), process, ours, ready=True))
            self._ends[pid] = theirs

    def of(self, *kinds: str) -> list[Member]:
        return [member for member in self.members if member.kind in kinds]

    def everyone(self) -> list[Member]:
        return self.members

    def sent(self, member: Member) -> list[Message | None]:
        inbox = self._ends[member.pid]._inbox
        return [inbox.get_nowait() for _ in range(inbox.qsize())]


Story = Callable[[Switchboard, StubCrew], Awaitable[None] | None]


def play(tmp_path: Path, kinds: tuple[str, ...], story: Story, reload: Answer | None = None) -> None:
    async def main() -> None:
        async def reloading() -> Answer:
            return reload or Answer()

        board = Switchboard("an-id", Report("data_plane", 1), Rollout(), reloading)
        crew = StubCrew(tmp_path, *kinds)
        board.connect(cast(Crew, crew))
        done = story(board, crew)
        if done is not None:
            await done

    asyncio.run(main())


def test_a_version_goes_to_the_workers_and_its_acknowledgement_to_the_agent(tmp_path: Path) -> None:
    def story(board: Switchboard, crew: StubCrew) -> None:
        agent, one, two = crew.members
        board.hear(one, Swapped("", 0, ZEROS))
        board.hear(two, Swapped("", 0, ZEROS))
        board.hear(agent, SEVEN)
        assert crew.sent(one) == crew.sent(two) == [SEVEN]
        board.hear(one, SERVED)
        assert crew.sent(agent) == []
        board.hear(two, SERVED)
        assert crew.sent(agent) == [SERVED]

    play(tmp_path, ("agent", "worker", "worker"), story)


def test_a_worker_that_comes_later_is_told_the_version(tmp_path: Path) -> None:
    def story(board: Switchboard, crew: StubCrew) -> None:
        agent, worker = crew.members
        board.hear(worker, Hello("worker", 0, worker.pid))
        assert crew.sent(worker) == []
        board.hear(agent, SEVEN)
        crew.sent(worker)
        board.hear(worker, Hello("worker", 0, worker.pid))
        assert crew.sent(worker) == [SEVEN]

    play(tmp_path, ("agent", "worker"), story)


def test_a_change_wakes_whoever_copies_the_database(tmp_path: Path) -> None:
    def story(board: Switchboard, crew: StubCrew) -> None:
        api, hub, follower, worker = crew.members
        board.hear(api, Changed("L", 3))
        assert crew.sent(hub) == crew.sent(follower) == [Changed("L", 3)]
        assert crew.sent(api) == crew.sent(worker) == []

    play(tmp_path, ("api", "hub", "follower", "worker"), story)


def test_what_a_worker_cannot_serve_is_told_to_the_agent(tmp_path: Path) -> None:
    def story(board: Switchboard, crew: StubCrew) -> None:
        agent, worker = crew.members
        board.hear(worker, Refused("L", 7, "routes x: no"))
        assert crew.sent(agent) == [Refused("L", 7, "routes x: no")]

    play(tmp_path, ("agent", "worker"), story)


def test_nobody_waits_for_a_worker_that_left(tmp_path: Path) -> None:
    def story(board: Switchboard, crew: StubCrew) -> None:
        agent, one, two = crew.members
        for worker in (one, two):
            board.hear(worker, Swapped("", 0, ZEROS))
        board.hear(agent, SEVEN)
        board.hear(one, SERVED)
        board.left(two)
        assert crew.sent(agent) == [SERVED]

    play(tmp_path, ("agent", "worker", "worker"), story)


def test_the_api_process_hears_at_once_who_came_and_went(tmp_path: Path) -> None:
    def story(board: Switchboard, crew: StubCrew) -> None:
        api, first, second = crew.members
        board.hear(second, Hello("worker", 0, 1))
        crew.members.remove(first)
        board.left(first)
        told = [message.values["pids"]["workers"] for message in crew.sent(api) if isinstance(message, Node)]
        assert told == [[api.pid, first.pid, second.pid], [api.pid, second.pid]]

    play(tmp_path, (API, WORKER, WORKER), story)


def test_log_files_are_opened_again_by_everyone(tmp_path: Path) -> None:
    def story(board: Switchboard, crew: StubCrew) -> None:
        board.reopen_logs()
        assert [crew.sent(member) for member in crew.members] == [[ReopenLogs()], [ReopenLogs()]]

    play(tmp_path, ("agent", "worker"), story)


class TestQuestions:
    def test_status_names_the_node_and_its_processes(self, tmp_path: Path) -> None:
        async def story(board: Switchboard, crew: StubCrew) -> None:
            agent, worker = crew.members
            board.hear(agent, SEVEN)
            board.hear(worker, SERVED)
            values = (await board.answer(Ask("status"))).values
            assert (values["role"], values["node_id"], values["version"]) == ("data_plane", "an-id", 7)
            assert (values["ready"], values["message"], values["config_hash"]) == (True, "ready", "7" * 32)
            assert [entry["name"] for entry in values["processes"]] == ["agent", "worker 0"]

        play(tmp_path, ("agent", "worker"), story)

    def test_a_reload_is_answered_by_its_outcome(self, tmp_path: Path) -> None:
        async def story(board: Switchboard, crew: StubCrew) -> None:
            assert await board.answer(Ask("reload")) == Answer(error="broken", hint="mend it")

        play(tmp_path, (), story, Answer(error="broken", hint="mend it"))

    def test_the_log_level_changes_everywhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(logs, "set_level", lambda _: None)

        async def story(board: Switchboard, crew: StubCrew) -> None:
            api, worker = crew.members
            board.hear(api, Question(3, "log-level", {"level": "debug", "seconds": 60}))
            assert crew.sent(worker) == [LogLevel("debug")]
            assert crew.sent(api) == [LogLevel("debug"), Reply(3)]

        play(tmp_path, ("api", "worker"), story)

    @pytest.mark.parametrize("arguments", [{"level": "loud", "seconds": 60}, {}])
    def test_a_log_level_that_is_none_changes_nothing(self, tmp_path: Path, arguments: dict[str, object]) -> None:
        async def story(board: Switchboard, crew: StubCrew) -> None:
            (api,) = crew.members
            board.hear(api, Question(3, "log-level", arguments))
            (reply,) = crew.sent(api)
            assert isinstance(reply, Reply)
            assert reply.error.startswith("unknown log level")

        play(tmp_path, ("api",), story)

    def test_a_question_that_nobody_knows_is_an_error(self, tmp_path: Path) -> None:
        async def story(board: Switchboard, crew: StubCrew) -> None:
            assert (await board.answer(Ask("colour"))).error

        play(tmp_path, ("worker",), story)


def test_a_question_of_the_api_goes_to_a_worker_and_the_reply_comes_back(tmp_path: Path) -> None:
    def story(board: Switchboard, crew: StubCrew) -> None:
        api, worker = crew.members
        board.hear(api, Question(7, "record", {"entity": "services"}))
        (passed,) = crew.sent(worker)
        assert isinstance(passed, Question)
        assert passed.arguments == {"entity": "services"}
        board.hear(worker, Reply(passed.number, {"record": None}))
        board.hear(worker, Reply(passed.number, {"record": "again"}))
        assert crew.sent(api) == [Reply(7, {"record": None})]
        worker.ready = False
        board.hear(api, Question(8, "record", {}))
        assert crew.sent(api) == [Reply(8, error="no worker of this node serves")]

    play(tmp_path, (API, WORKER), story)


def test_a_log_level_reaches_every_process_and_whoever_comes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "set_level", lambda _: None)

    def story(board: Switchboard, crew: StubCrew) -> None:
        api, worker = crew.members
        board.hear(api, Question(1, LOG_LEVEL, {"level": "error", "seconds": 60}))
        assert crew.sent(api) == [LogLevel("error"), Reply(1)]
        assert crew.sent(worker) == [LogLevel("error")]
        board.hear(worker, Hello("worker", 0, 1))
        assert crew.sent(worker) == [LogLevel("error")]
        board.hear(api, Question(2, LOG_LEVEL, {"level": "loud"}))
        assert crew.sent(api)[-1] == Reply(2, error="unknown log level: loud")

    async def on_a_loop(board: Switchboard, crew: StubCrew) -> None:
        story(board, crew)

    play(tmp_path, (API, WORKER), on_a_loop)
