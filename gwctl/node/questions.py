"""Questions of the api process to its node: asked in one process, passed on by the supervisor, answered in another."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from typing import Any

from gwctl.node.bus import Link
from gwctl.node.crew import Member
from gwctl.node.messages import Question, Reply

ANSWER_SECONDS = 5.0
_MOST_OPEN = 1024

LOG_LEVEL = "log-level"
"""To the supervisor: set ``level`` for ``seconds``."""
HEALTH = "health"
"""To a worker: what it knows of the ``targets`` of ``upstream``."""
MARK = "mark"
"""To a worker: set the health of the addresses of a ``target``, or of one ``address``."""
RECORD = "record"
"""To a worker: the record of ``entity`` that it serves and whose fields are as in ``where``."""


class NoAnswer(Exception):
    """Nobody could answer; the message says why."""


class Asking:
    """The side that asks. ``heard`` gets the replies."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._open: dict[int, asyncio.Future[Reply]] = {}

    async def ask(self, bus: Link, about: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The values of the reply. Raises NoAnswer, also when none comes within ANSWER_SECONDS."""
        number = next(self._numbers)
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._open[number] = future
        try:
            bus.send(Question(number, about, dict(arguments)))
            async with asyncio.timeout(ANSWER_SECONDS):
                reply = await future
        except TimeoutError:
            raise NoAnswer("no process of this node answered in time") from None
        finally:
            del self._open[number]
        if reply.error:
            raise NoAnswer(reply.error)
        return reply.values

    def heard(self, reply: Reply) -> None:
        """A reply came; one that nobody waits for any more is dropped."""
        future = self._open.get(reply.number)
        if future is not None and not future.done():
            future.set_result(reply)


class Exchange:
    """The supervisor's side: passes questions to a process and its replies back to whoever asked."""

    def __init__(self, workers: Callable[[], list[Member]]) -> None:
        self._workers = workers
        self._numbers = itertools.count(1)
        self._open: dict[int, tuple[Link, int]] = {}

    def pass_on(self, asker: Link, question: Question) -> None:
        """Give the question to the first worker that serves."""
        worker = next((member for member in self._workers() if member.ready), None)
        if worker is None:
            asker.send(Reply(question.number, error="no worker of this node serves"))
            return
        number = next(self._numbers)
        self._open[number] = (asker, question.number)
        if len(self._open) > _MOST_OPEN:  # their workers died meanwhile
            del self._open[next(iter(self._open))]
        worker.link.send(Question(number, question.about, question.arguments))

    def answered(self, reply: Reply) -> None:
        asker, number = self._open.pop(reply.number, (None, 0))
        if asker is not None:
            asker.send(Reply(number, reply.values, reply.error))
