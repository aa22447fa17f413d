"""The supervisor: sockets, processes and signals of a node. It opens no database and decodes no configuration, so
nothing in one can stop it.

Signals: TERM and INT stop fast, QUIT finishes what is in flight, HUP reloads (new processes first, then the old ones
finish), USR1 opens the logs again, USR2 starts a supervisor of the installed version on the same sockets
(``takeover``).
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gwctl.kit.errors import GwctlError
from gwctl.kit.tasks import Tasks
from gwctl.node import report
from gwctl.node.bus import SocketLink, listen_at
from gwctl.node.crew import Crew, Member, Post, wait_for
from gwctl.node.forkclient import ForkClient
from gwctl.node.linux import become_reaper, set_process_name
from gwctl.node.messages import (
    Answer,
    Ask,
    Available,
    Changed,
    LogLevel,
    Message,
    Node,
    Refused,
    ReopenLogs,
    Swapped,
)
from gwctl.node.plan import AGENT, API, FOLLOWER, HUB, WORKER, Assignment, NodePlan, planned
from gwctl.node.prefix import NodeLock, PrefixDirectory, RunningNode
from gwctl.node.rollout import Rollout
from gwctl.node.sockets import ListenSockets, Planned
from gwctl.node.status_server import StatusServer
from gwctl.observe import logs
from gwctl.observe.logs import NOTICE
from gwctl.settings import Settings

_log = logging.getLogger("gwctl.node")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. ``ready`` bounds the start of a generation of processes, ``cache`` how long workers wait for the one
    that opens the cache before them, ``first_sync`` how long a start waits for a reachable control plane's config."""

    stall: int = 30
    ready: float = 30.0
    cache: float = 3.0
    first_sync: float = 5.0


@dataclass(frozen=True, slots=True)
class NodeIdentity:
    node_id: str
    hostname: str


class StartFailed(GwctlError):
    """A process of the node could not start; the message is its own."""

    code = "start_failed"


class Supervisor:
    """One node. ``load`` reads its settings anew for a reload (SettingsError when they are broken)."""

    def __init__(
        self,
        settings: Settings,
        prefix: PrefixDirectory,
        lock: NodeLock,
        identity: NodeIdentity,
        *,
        sockets: ListenSockets,
        error_log: Path | None,
        load: Callable[[], Settings],
        plan_for: Callable[[Settings], NodePlan],
        limits: Limits | None = None,
    ) -> None:
        self._settings = settings
        self._plan_for = plan_for
        self._plan = plan_for(settings)
        self._prefix = prefix
        self._lock = lock
        self._identity = identity
        self._sockets = sockets
        self._error_log = error_log
        self._load = load
        self._limits = limits or Limits()
        self._tasks = Tasks(_log)
        self._forks = ForkClient(self._plan.modules)
        self._crew = Crew(self._forks, stall_seconds=self._limits.stall, hear=self._hear, left=self._left)
        self._rollout = Rollout()
        self._report = report.Report(self._plan.role, self._plan.count(WORKER))
        self._status = StatusServer(self._plan.role, self._report, self._crew, self._rollout)
        self._reloading = asyncio.Lock()
        self._stop_at: float | None = None
        self._stopping = asyncio.Event()

    async def run(self, started: Callable[[GwctlError | None], None]) -> int:
        """Be the node until it is told to stop. ``started`` hears once: None when it is ready, else why it is not."""
        become_reaper()
        set_process_name("gwctl node")
        self._forks.start()
        self._lock.describe(RunningNode(os.getpid(), self._plan.role))
        self._prefix.write_pid(os.getpid())
        self._install_signals()
        try:
            await self._start()
        except GwctlError as error:
            await self._end()
            started(error)
            return error.exit_code
        if not self._stopping.is_set():
            _log.log(NOTICE, "%s node %s is ready", self._plan.role, self._identity.node_id)
            started(None)
        await self._stopping.wait()
        await self._end()
        return 0

    # Start

    async def _start(self) -> None:
        self._sockets.open(self._wanted(self._plan, self._settings))
        await self._open_bus()
        self._tasks.spawn("watch", self._crew.watch())
        self._tasks.spawn("figures", self._tell_figures())
        posts = self._posts(self._plan, self._settings)
        first = [post for post in posts if self._exclusive(post)]
        for post in first:
            self._crew.staff(post)
        await self._settle(first, self._limits.cache)
        rest = [post for post in posts if post not in first]
        for post in rest:
            self._crew.staff(post)
        await self._status.serve(self._settings, self._status_sockets())
        await self._settle(posts, self._limits.ready)
        self._refuse_failures(posts)
        await self._first_sync()

    async def _settle(self, posts: list[Post], seconds: float) -> None:
        """Wait until every post has a process that is ready or has failed, at most ``seconds``; shorter when told to
        stop."""
        waiting = [self._tasks.spawn("settle", wait_for(post.settled)) for post in posts]
        stopping = self._tasks.spawn("settle", wait_for(self._stopping))
        everyone = asyncio.gather(*waiting)
        await asyncio.wait({everyone, stopping}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in (*waiting, stopping):
            task.cancel()
        await asyncio.gather(everyone, return_exceptions=True)

    @staticmethod
    def _refuse_failures(posts: list[Post]) -> None:
        for post in posts:
            if post.failure is not None:
                failure = post.failure
                raise StartFailed(failure.message, hint=failure.hint or None, code=failure.code or None)
            if not post.settled.is_set():
                raise StartFailed(f"{post.assignment.name} did not become ready", hint="the error log may say why")

    async def _first_sync(self) -> None:
        """Give a data plane whose control plane answers the time to get its config, so that its start means it serves
        it."""
        async with asyncio.timeout(self._limits.first_sync) as patience:
            try:
                async with self._crew.changed:
                    await self._crew.changed.wait_for(lambda: self._stopping.is_set() or self._synchronised())
            except TimeoutError:
                if not patience.expired():
                    raise

    def _synchronised(self) -> bool:
        return all(member.stats.get("settled", True) for member in self._crew.of(AGENT, FOLLOWER))

    def _posts(self, plan: NodePlan, settings: Settings) -> list[Post]:
        return [
            self._post(plan, settings, index, slot)
            for index, process in enumerate(plan.processes)
            for slot in range(process.count)
        ]

    def _post(self, plan: NodePlan, settings: Settings, index: int, slot: int) -> Post:
        process = plan.processes[index]
        pairs = [
            (item.listener, sock) for item in process.listeners for sock in self._sockets.of(item, slot, process.count)
        ]
        assignment = Assignment(
            kind=process.kind,
            module=process.module,
            slot=slot,
            settings=settings,
            node_id=self._identity.node_id,
            hostname=self._identity.hostname,
            error_log=self._error_log,
            listeners=tuple(listener for listener, _ in pairs),
            workers=plan.count(WORKER),
            supervisor_pid=os.getpid(),
        )
        return Post(assignment, [sock for _, sock in pairs])

    def _exclusive(self, post: Post) -> bool:
        return any(process.exclusive for process in self._plan.processes if process.kind == post.assignment.kind)

    @staticmethod
    def _wanted(plan: NodePlan, settings: Settings) -> list[tuple[Planned, int]]:
        listeners = [(item, process.count) for process in plan.processes for item in process.listeners]
        return [*listeners, *((item, 1) for item in planned(settings, "status_listen"))]

    def _status_sockets(self) -> list[Any]:
        return [
            (item.listener, sock)
            for item in planned(self._settings, "status_listen")
            for sock in self._sockets.of(item, 0, 1)
        ]

    # Messages

    def _hear(self, member: Member, message: Message) -> None:
        match message:
            case Available():
                self._send(message, WORKER)
                self._acknowledge(self._rollout.available(message))
            case Swapped():
                self._acknowledge(self._rollout.swapped(member.pid, message))
            case Refused():
                self._send(message, AGENT, FOLLOWER)
            case Changed():
                self._send(message, HUB, FOLLOWER)
            case _:
                pass

    def _left(self, member: Member) -> None:
        self._report.left(member)
        self._acknowledge(self._rollout.left(member.pid))

    def _acknowledge(self, message: Swapped | None) -> None:
        if message is not None:
            self._send(message, AGENT, FOLLOWER)

    def _send(self, message: Message, *kinds: str) -> None:
        for member in self._crew.of(*kinds):
            member.link.send(message)

    async def _tell_figures(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._send(Node(self._report.node(self._crew.members)), API)

    # Questions of the command line

    async def _open_bus(self) -> None:
        server = await asyncio.start_unix_server(self._answer, sock=listen_at(self._prefix.bus))
        self._tasks.spawn("bus", server.serve_forever())

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = SocketLink(reader, writer)
        question = await link.receive()
        if isinstance(question, Ask):
            link.send(await self._reply(question))
        link.close()

    async def _reply(self, question: Ask) -> Answer:
        match question.about:
            case "status":
                return Answer(self._describe())
            case "reload":
                return await self._reload()
            case "log-level":
                level = str(question.arguments.get("level"))
                if level not in logs.LEVELS:
                    return Answer(error=f"unknown log level: {level}", hint=", ".join(logs.LEVELS))
                self._set_level(level)
                return Answer()
            case _:
                return Answer(error=f"this node does not know the question {question.about!r}")

    def _describe(self) -> dict[str, Any]:
        current = self._rollout.current
        ready, message = self._report.readiness(self._crew.members, current)
        return {
            "role": self._plan.role,
            "node_id": self._identity.node_id,
            "pid": os.getpid(),
            "fork_server": self._forks.pid,
            "ready": ready,
            "message": message,
            "config_hash": report.config_hash(current),
            "version": current.number if current else None,
            "processes": [report.describe(member) for member in self._crew.members],
        }

    def _set_level(self, level: str) -> None:
        logs.set_level(level)
        for member in self._crew.members:
            member.link.send(LogLevel(level))

    # Signals

    def _install_signals(self) -> None:
        loop = asyncio.get_running_loop()
        patience = self._settings.number("shutdown_timeout") or 0.0
        loop.add_signal_handler(signal.SIGTERM, self.stop, 0.0)
        loop.add_signal_handler(signal.SIGINT, self.stop, 0.0)
        loop.add_signal_handler(signal.SIGQUIT, self.stop, patience)
        loop.add_signal_handler(signal.SIGHUP, self._on_reload)
        loop.add_signal_handler(signal.SIGUSR1, self._reopen)

    def stop(self, seconds: float) -> None:
        """End within ``seconds`` (0: at once). A later call can only make it sooner."""
        until = asyncio.get_running_loop().time() + seconds
        if self._stop_at is None or until < self._stop_at:
            self._stop_at = until
            if self._stopping.is_set():
                self._crew.hurry(seconds)
            self._stopping.set()
            self._tasks.spawn("stop", self._crew.notify())

    def _on_reload(self) -> None:
        self._tasks.spawn("reload", self._reload())

    def _reopen(self) -> None:
        _log.log(NOTICE, "reopening the logs")
        logs.reopen()
        for member in self._crew.everyone():
            member.link.send(ReopenLogs())

    # Reload

    async def _reload(self) -> Answer:
        async with self._reloading:
            if self._stopping.is_set():
                return Answer(error="the node is stopping")
            try:
                await self._replace(self._load())
            except GwctlError as error:
                _log.error("reload failed, the node goes on as it was: %s", error)
                return Answer(error=error.message, hint=error.hint or "")
            _log.log(NOTICE, "reloaded")
            return Answer()

    async def _replace(self, settings: Settings) -> None:
        plan = self._plan_for(settings)
        self._sockets.open(self._wanted(plan, settings))
        old = self._crew.posts
        fresh = self._posts(plan, settings)
        beside = [post for post in fresh if not self._exclusive(post)]
        for post in beside:
            self._crew.staff(post)
        await self._settle(beside, self._limits.ready)
        try:
            self._refuse_failures(beside)
        except StartFailed:
            await self._crew.relieve(beside, 0.0)
            self._sockets.keep(item for item, _ in self._wanted(self._plan, self._settings))
            raise
        self._settings, self._plan = settings, plan
        self._report.workers = plan.count(WORKER)
        self._set_level(settings.text("log_level") or "notice")
        alone = [post for post in old if self._exclusive(post)]
        await self._crew.relieve(alone, 2.0)
        for post in fresh:
            if self._exclusive(post):
                self._crew.staff(post)
        patience = settings.number("shutdown_timeout") or 0.0
        leaving = [post for post in old if post not in alone]
        for post in leaving:
            if post.member is not None:
                self._acknowledge(self._rollout.left(post.member.pid))
        self._tasks.spawn("relieve", self._crew.relieve(leaving, patience))
        await self._status.serve(settings, self._status_sockets())
        self._sockets.keep(item for item, _ in self._wanted(plan, settings))

    # End

    async def _end(self) -> None:
        left = max(0.0, (self._stop_at or 0.0) - asyncio.get_running_loop().time())
        await self._status.stop()
        await self._crew.relieve(self._crew.all_posts, left)
        await self._crew.close()
        await self._tasks.close()
        self._forks.close()
        self._sockets.close()
        self._prefix.bus.unlink(missing_ok=True)
        self._prefix.remove_pid(self._prefix.pid_file, os.getpid())
        self._lock.release()
        _log.log(NOTICE, "stopped")
