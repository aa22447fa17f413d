"""The supervisor: sockets, processes and signals of a node.

It opens no database and decodes no configuration, so nothing in one can stop it. Signals: TERM and INT stop fast, QUIT
finishes what is in flight, HUP reloads (new processes first, then the old ones finish), USR1 opens the logs again, USR2
starts a supervisor of the installed version on the same sockets (``takeover``).
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gwctl.kit.errors import GwctlError
from gwctl.kit.tasks import Tasks
from gwctl.node.bus import listen_at
from gwctl.node.crew import Crew, Post
from gwctl.node.forkclient import ForkClient
from gwctl.node.forkspawn import Spawned
from gwctl.node.generation import (
    Generation,
    NodeIdentity,
    Recruiter,
    StartFailed,
    listeners,
    refuse_failures,
    refuse_moves,
    status_sockets,
)
from gwctl.node.launch import Sources
from gwctl.node.linux import become_reaper, set_process_name, shared_memory
from gwctl.node.messages import Answer
from gwctl.node.plan import AGENT, FOLLOWER, LOADER, WORKER, NodePlan
from gwctl.node.prefix import NodeLock, PrefixDirectory, RunningNode
from gwctl.node.report import Report
from gwctl.node.rollout import Rollout
from gwctl.node.sockets import ListenSockets
from gwctl.node.switchboard import Switchboard
from gwctl.node.takeover import Outcome, Succession, Successor
from gwctl.observe.logs import NOTICE
from gwctl.settings import Settings

if TYPE_CHECKING:
    from gwctl.node.status_server import StatusServer

REFUSE_SECONDS = 0.1
"""Between the last new connection and the close of a listener: workers accept what has queued."""
ALONE_SECONDS = 2.0
"""What an exclusive process gets to end before its successor starts."""

_log = logging.getLogger("gwctl.node")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds.

    ``stall``: silence after which a process is replaced. ``ready`` bounds the start of a generation, ``first_sync`` how
    long a start waits for the configuration of a control plane that answers.
    """

    stall: int = 30
    ready: float = 30.0
    first_sync: float = 5.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where and what a node is, whatever its settings become.

    ``load`` reads its settings anew for a reload (SettingsError when they are broken); ``sources`` are handed to a
    supervisor that takes over. Without ``error_log`` the node runs in the foreground.
    """

    prefix: PrefixDirectory
    lock: NodeLock
    identity: NodeIdentity
    error_log: Path | None
    load: Callable[[], Settings]
    plan_for: Callable[[Settings], NodePlan]
    sources: Sources = field(default_factory=Sources)


class Supervisor:
    """One node.

    ``forks`` is a fork server that somebody started early; with ``takeover`` another supervisor still serves on the
    same ``sockets``.
    """

    def __init__(
        self,
        settings: Settings,
        place: Place,
        *,
        sockets: ListenSockets,
        forks: Spawned | None = None,
        takeover: bool = False,
        limits: Limits | None = None,
    ) -> None:
        self._settings = settings
        self._place = place
        self._plan = place.plan_for(settings)
        self._prefix = place.prefix
        self._sockets = sockets
        self._takeover = takeover
        self._limits = limits or Limits()
        self._tasks = Tasks(_log)
        self._memory = shared_memory()
        self._recruiter = Recruiter(place.identity, sockets, place.error_log, self._memory)
        self._rollout = Rollout()
        self._report = Report(self._plan.role, self._plan.count(WORKER), declarative=self._plan.declarative)
        level = settings.text("log_level") or "notice"
        self._board = Switchboard(place.identity.node_id, self._report, self._rollout, self._reload, level)
        self._forks = ForkClient(self._plan.modules, forks)
        self._crew = Crew(self._forks, stall_seconds=self._limits.stall, hear=self._board.hear, left=self._board.left)
        self._board.connect(self._crew)
        self._changing = asyncio.Lock()
        self._status: StatusServer | None = None
        self._successor: Successor | None = None
        self._stop_at: float | None = None
        self._stopping = asyncio.Event()

    async def run(self, started: Callable[[GwctlError | None], None]) -> int:
        """Be the node until it is told to stop. ``started`` hears once: None when it is ready, else why it is not."""
        become_reaper()
        set_process_name("gwctl node")
        self._forks.start()
        # The web libraries are loaded while the fork server loads what its children need.
        from gwctl.node.status_server import StatusServer

        self._status = StatusServer(self._plan.role, self._report, self._crew, self._rollout, self._board.fetching)
        self._install_signals()
        self._settle_in()
        try:
            async with self._changing:  # a reload that is asked for meanwhile comes after the start
                await self._begin()
        except GwctlError as error:
            await self._end()
            started(error)
            return error.exit_code
        if not self._stopping.is_set():
            _log.log(NOTICE, "%s node %s is ready", self._plan.role, self._place.identity.node_id)
            started(None)
        await self._stopping.wait()
        await self._end()
        return 0

    async def _begin(self) -> None:
        self._sockets.open(listeners(self._plan, self._settings))
        await self._open_bus()
        self._tasks.spawn("watch", self._crew.watch())
        self._tasks.spawn("figures", self._board.tell_figures())
        await self._start(self._recruiter.generation(self._plan, self._settings, cache_is_open=self._takeover))

    def _settle_in(self) -> None:
        """Say in the prefix who lives there."""
        self._place.lock.describe(RunningNode(os.getpid(), self._plan.role))
        self._prefix.write_pid(os.getpid())

    async def _open_bus(self) -> None:
        try:
            listening = listen_at(self._prefix.bus)
        except OSError as error:
            raise StartFailed(
                f"cannot listen on {self._prefix.bus}: {error.strerror}",
                hint="the prefix must be on a local file system",
            ) from error
        server = await asyncio.start_server(self._board.serve, sock=listening)
        self._tasks.spawn("bus", server.serve_forever())

    # Start

    async def _start(self, generation: Generation) -> None:
        """Put a first generation in place. Raises StartFailed."""
        for post in generation.posts:
            self._crew.staff(post)
        await self._serve_status()
        needed = generation.beside if self._takeover else generation.posts
        await self._settle(needed, max(self._limits.ready, generation.plan.patience))
        if not self._stopping.is_set():
            refuse_failures(needed)
        if not self._takeover:
            await self._first_sync()

    async def _serve_status(self) -> None:
        if self._status is not None:
            await self._status.serve(self._settings, status_sockets(self._settings, self._sockets))

    async def _stop_status(self) -> None:
        if self._status is not None:
            await self._status.stop()

    async def _settle(self, posts: Sequence[Post], seconds: float) -> None:
        """Wait until every process is ready, one has failed or a stop is asked for; at most ``seconds``."""

        def decided() -> bool:
            if self._stopping.is_set() or any(post.failure is not None for post in posts):
                return True
            return all(post.settled.is_set() for post in posts)

        await self._crew_until(decided, seconds)

    async def _crew_until(self, condition: Callable[[], bool], seconds: float) -> None:
        patience = asyncio.timeout(seconds)
        try:
            async with patience, self._crew.changed:
                await self._crew.changed.wait_for(condition)
        except TimeoutError:
            if not patience.expired():
                raise

    async def _first_sync(self) -> None:
        """Give a control plane that answers the time to send its configuration: a start means that it is served."""
        await self._crew_until(lambda: self._stopping.is_set() or self._synchronised(), self._limits.first_sync)

    def _synchronised(self) -> bool:
        return all(member.stats.get("settled", True) for member in self._crew.of(AGENT, FOLLOWER, LOADER))

    # Signals

    def _install_signals(self) -> None:
        loop = asyncio.get_running_loop()
        acts: dict[signal.Signals, Callable[[], object]] = {
            signal.SIGTERM: lambda: self.stop(0.0),
            signal.SIGINT: lambda: self.stop(0.0),
            signal.SIGQUIT: lambda: self.stop(self._patience),
            signal.SIGHUP: lambda: self._tasks.spawn("reload", self._reload()),
            signal.SIGUSR1: self._board.reopen_logs,
            signal.SIGUSR2: lambda: self._tasks.spawn("takeover", self._hand_over()),
        }
        for number, act in acts.items():
            loop.add_signal_handler(number, self._signalled, number, act)

    @staticmethod
    def _signalled(number: signal.Signals, act: Callable[[], object]) -> None:
        _log.log(NOTICE, "signal %d (%s) received", number, number.name)
        act()

    @property
    def _patience(self) -> float:
        """Seconds that requests in flight get when a process ends gracefully."""
        return self._settings.number("shutdown_timeout") or 0.0

    def stop(self, seconds: float) -> None:
        """End within ``seconds`` (0: at once). A later call can only make it sooner."""
        until = asyncio.get_running_loop().time() + seconds
        if self._stop_at is None or until < self._stop_at:
            self._stop_at = until
            if self._stopping.is_set():
                self._crew.hurry(seconds)
            self._stopping.set()
            self._tasks.spawn("stop", self._crew.notify())

    # Reload

    async def _reload(self) -> Answer:
        async with self._changing:
            if self._stopping.is_set() or self._successor is not None:
                return Answer(error="the node is stopping or being taken over")
            try:
                settings = self._place.load()
                refuse_moves(self._settings, settings)
                await self._board.loads.reread(self._prefix.path, settings)
                await self._replace(settings)
                self._prefix.write_environment(settings.dump())
            except GwctlError as error:
                _log.error("reload failed, the node goes on as it was: %s", error)
                return Answer(error=error.message, hint=error.hint or "")
            _log.log(NOTICE, "reloaded")
            return Answer()

    async def _replace(self, settings: Settings) -> None:
        """Put a generation with ``settings`` in the place of the present one. Raises GwctlError and changes nothing."""
        plan = self._place.plan_for(settings)
        wanted = listeners(plan, settings)
        self._sockets.open(wanted)
        old = self._crew.posts
        fresh = self._recruiter.generation(plan, settings, cache_is_open=True)
        await self._start_beside(fresh)
        self._settings, self._plan = settings, plan
        self._report.workers = plan.count(WORKER)
        self._board.level.configure(settings.text("log_level") or "notice")
        await self._take_turns(fresh, [post for post in old if plan.is_exclusive(post.assignment.kind)])
        if self._sockets.refuse(item for item, _ in wanted):
            await asyncio.sleep(REFUSE_SECONDS)
        self._retire([post for post in old if not plan.is_exclusive(post.assignment.kind)])
        await self._serve_status()
        self._sockets.keep(item for item, _ in wanted)

    async def _start_beside(self, fresh: Generation) -> None:
        for post in fresh.beside:
            self._crew.staff(post)
        await self._settle(fresh.beside, self._limits.ready)
        try:
            refuse_failures(fresh.beside)
        except StartFailed:
            await self._crew.relieve(fresh.beside, 0.0)
            self._sockets.keep(item for item, _ in listeners(self._plan, self._settings))
            raise

    async def _take_turns(self, fresh: Generation, old: list[Post]) -> None:
        """Exclusive processes: the old one ends, then the new one starts."""
        await self._crew.relieve(old, ALONE_SECONDS)
        for post in fresh.alone:
            self._crew.staff(post)

    def _retire(self, posts: list[Post]) -> None:
        """Let processes finish in the background."""
        for post in posts:
            if post.member is not None:
                self._board.retired(post.member)
        self._tasks.spawn("retire", self._crew.relieve(posts, self._patience))

    # Takeover

    async def _hand_over(self) -> None:
        async with self._changing:
            if self._stopping.is_set() or self._successor is not None:
                _log.warning("ignoring SIGUSR2: the node is stopping or being taken over")
                return
            self._prefix.pid_file.replace(self._prefix.old_pid_file)
            place = self._place
            succession = Succession(
                place.prefix.path, place.lock.descriptor, place.identity.node_id, place.error_log, place.sources
            )
            successor = await Successor.start(succession, self._sockets)
            self._crew.strangers.add(successor.pid)
            if not await successor.ready():
                await self._come_back()
                return
            self._successor = successor
            await self._stop_status()
            self._retire(self._crew.posts)
        # In the foreground somebody waits for this process: it goes only when told to.
        match await successor.outcome(forever=self._place.error_log is None):
            case Outcome.DIED:
                self._successor = None
                await self._come_back()
                await self._start_again()
            case Outcome.SETTLED:
                successor.release()
                self.stop(self._patience)
            case Outcome.STOPPED:
                self.stop(0.0)

    async def _come_back(self) -> None:
        """Be the node of the prefix again."""
        self._prefix.old_pid_file.unlink(missing_ok=True)
        self._settle_in()
        await self._open_bus()

    async def _start_again(self) -> None:
        generation = self._recruiter.generation(self._plan, self._settings, cache_is_open=True)
        try:
            await self._start(generation)
        except GwctlError as error:
            _log.error("the node could not go on: %s", error)
            self.stop(0.0)

    # End

    async def _end(self) -> None:
        loop = asyncio.get_running_loop()
        graceful = self._stop_at is not None and self._stop_at > loop.time()
        if graceful:
            async with self._changing:  # a successor that is starting decides whether the listeners are still ours
                pass
        owner = self._successor is None and not (self._takeover and not self._stopping.is_set())
        if owner and graceful:
            self._sockets.refuse()
            await asyncio.sleep(REFUSE_SECONDS)
        await self._stop_status()
        self._sockets.close()
        left = max(0.0, (self._stop_at or 0.0) - loop.time())
        await self._crew.relieve(self._crew.all_posts, left)
        await self._crew.close()
        await self._tasks.close()
        self._forks.close()
        os.close(self._memory)
        if owner:
            self._prefix.bus.unlink(missing_ok=True)
        for path in (self._prefix.pid_file, self._prefix.old_pid_file):
            self._prefix.remove_pid(path, os.getpid())
        self._place.lock.release()
        _log.log(NOTICE, "stopped")
