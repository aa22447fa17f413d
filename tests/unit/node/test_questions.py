"""Questions of the api process: answered, refused, late or never."""

from __future__ import annotations

import asyncio

import pytest

from gwctl.admin.ports import NO_BALANCER, Mark, NodeSilent
from gwctl.node import questions
from gwctl.node.control import NodeControl
from gwctl.node.messages import Question, Reply
from tests.tools.links import memory_pair


def test_the_reply_of_its_number_answers_a_question() -> None:
    async def main() -> None:
        ours, theirs = memory_pair()
        control = NodeControl(lambda: ours)

        async def node() -> None:
            for values in ({"record": {"id": "1"}}, {"known": None}, {"balanced": False, "refused": ""}):
                question = await theirs.receive()
                assert isinstance(question, Question)
                control.heard(Reply(question.number + 100, {"record": None}))
                control.heard(Reply(question.number, values))
                control.heard(Reply(question.number, {"record": "again"}))

        answering = asyncio.create_task(node())
        assert await control.served("services", {"id": "1"}) == {"id": "1"}
        assert await control.health("u", ["a.b:80"]) is None
        assert await control.mark(Mark("u", "a.b:80")) == NO_BALANCER
        await answering

    asyncio.run(main())


def test_who_cannot_answer_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "ANSWER_SECONDS", 0.05)

    async def main() -> None:
        ours, theirs = memory_pair()
        control = NodeControl(lambda: ours)
        asking = asyncio.create_task(control.set_log_level("debug", 1.0))
        question = await theirs.receive()
        assert isinstance(question, Question)
        control.heard(Reply(question.number, error="no worker of this node serves"))
        with pytest.raises(NodeSilent, match="no worker of this node serves"):
            await asking
        with pytest.raises(NodeSilent, match="in time"):
            await control.served("services", {"id": "1"})
        with pytest.raises(NodeSilent, match="no node around it"):
            await NodeControl(lambda: None).served("services", {"id": "1"})

    asyncio.run(main())
