"""Passes on what the processes of a node say to each other, and answers the command line."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

from gwctl.node import report
from gwctl.node.bus import SocketLink
from gwctl.node.crew import Crew, Member
from gwctl.node.fetching import Fetching
from gwctl.node.load_relay import LoadRelay
from gwctl.node.log_level import NodeLogLevel
from gwctl.node.messages import (
    Answer,
    Ask,
    Available,
    Changed,
    Hello,
    Load,
    Loaded,
    LogLevel,
    Message,
    Node,
    Question,
    Ready,
    Refused,
    ReopenLogs,
    Reply,
    Swapped,
)
from gwctl.node.plan import AGENT, API, FOLLOWER, HUB, LOADER, WORKER
from gwctl.node.questions import LOG_LEVEL, Exchange
from gwctl.node.report import Report
from gwctl.node.rollout import Rollout
from gwctl.observe import logs
from gwctl.observe.logs import NOTICE

FIGURES_SECONDS = 1.0

_log = logging.getLogger("gwctl.node")


class Switchboard:
    """``reload`` carries out a reload and answers for it; ``level`` is the configured log level."""

    def __init__(
        self,
        node_id: str,
        figures: Report,
        rollout: Rollout,
        reload: Callable[[], Awaitable[Answer]],
        level: str = "notice",
    ) -> None:
        self._node_id = node_id
        self._report = figures
        self._rollout = rollout
        self._reload = reload
        self._crew: Crew | None = None
        self._exchange = Exchange(lambda: self._members(WORKER))
        self.loads = LoadRelay(lambda: self._serving(LOADER))
        self.fetching = Fetching(lambda: self._serving(API))
        self.level = NodeLogLevel(level, self._tell_level)

    def connect(self, crew: Crew) -> None:
        """Serve this crew, whose messages come to ``hear``."""
        self._crew = crew

    def _members(self, *kinds: str) -> list[Member]:
        return self._crew.of(*kinds) if self._crew is not None else []

    def _serving(self, kind: str) -> Member | None:
        return next((member for member in self._members(kind) if member.ready), None)

    def _send(self, message: Message, *kinds: str) -> None:
        for member in self._members(*kinds):
            member.link.send(message)

    # Between processes

    def hear(self, member: Member, message: Message) -> None:
        """A member said something."""
        match message:
            case Hello():
                self._greet(member)
            case Available():
                self._send(message, WORKER, API)
                self._acknowledge(self._rollout.available(message))
            case Swapped():
                self._acknowledge(self._rollout.swapped(member.pid, message))
            case Refused():
                self._send(message, AGENT, FOLLOWER, LOADER)
            case Changed():
                self._send(message, HUB, FOLLOWER)
            case Question(about=about) if about == LOG_LEVEL:
                member.link.send(self._level_for(message))
            case Question():
                self._exchange.pass_on(member.link, message)
            case Reply() if member.kind == API:
                self.fetching.heard(message)
            case Reply():
                self._exchange.answered(message)
            case Ready() if member.kind == LOADER:
                self.loads.arrived()
            case Load():
                self.loads.pass_on(member.link, message)
            case Loaded():
                self.loads.answered(message)
            case _:
                pass

    def _greet(self, member: Member) -> None:
        """Tell a new process what the others were told before."""
        if member.kind in (WORKER, API) and self._rollout.target is not None:
            member.link.send(self._rollout.target)
        if self.level.changed:
            member.link.send(LogLevel(self.level.current))
        if member.kind in (WORKER, API):
            self._tell_node()

    def left(self, member: Member) -> None:
        """A member ended."""
        self._report.left(member)
        if member.kind == LOADER:
            self.loads.lost()
        if member.kind == WORKER:
            self._tell_node()
        self.retired(member)

    def retired(self, member: Member) -> None:
        """A member takes no new work, so nobody waits for it."""
        self._acknowledge(self._rollout.left(member.pid))

    def _acknowledge(self, message: Swapped | None) -> None:
        if message is not None:
            self._send(message, AGENT, FOLLOWER, LOADER)

    async def tell_figures(self) -> None:
        """Give the api process what it shows of the node, for ever."""
        while True:
            await asyncio.sleep(FIGURES_SECONDS)
            self._tell_node()

    def _tell_node(self) -> None:
        if self._crew is not None:
            self._send(Node(self._report.node(self._crew.members)), API)

    def reopen_logs(self) -> None:
        _log.log(NOTICE, "reopening the logs")
        logs.reopen()
        for member in self._crew.everyone() if self._crew is not None else []:
            member.link.send(ReopenLogs())

    def _tell_level(self, level: str) -> None:
        logs.set_level(level)
        for member in self._crew.everyone() if self._crew is not None else []:
            member.link.send(LogLevel(level))

    def _level_for(self, question: Question) -> Reply:
        level = str(question.arguments.get("level"))
        if level not in logs.LEVELS:
            return Reply(question.number, error=f"unknown log level: {level}")
        self.level.set(level, float(question.arguments.get("seconds", 60)))
        return Reply(question.number)

    # With the command line

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the question of one connection."""
        link = SocketLink(reader, writer)
        question = await link.receive()
        if isinstance(question, Ask):
            link.send(await self.answer(question))
        link.close()

    async def answer(self, question: Ask) -> Answer:
        match question.about:
            case "status":
                return Answer(self._describe())
            case "reload":
                return await self._reload()
            case _:
                return Answer(error=f"this node does not know the question {question.about!r}")

    def _describe(self) -> dict[str, Any]:
        current = self._rollout.current
        members = self._crew.members if self._crew is not None else []
        ready, message = self._report.readiness(members, current)
        return {
            "role": self._report.role,
            "node_id": self._node_id,
            "pid": os.getpid(),
            "ready": ready,
            "message": message,
            "config_hash": report.config_hash(current),
            "version": current.number if current else None,
            "processes": [report.describe(member) for member in members],
        }
