"""The life of a child process: its loop, its bus, its signals and its end. What it does is a ``Body``.

A child ends when it is told to (``Drain``, SIGTERM, SIGQUIT), or within ten seconds after its supervisor is gone,
which it notices by the end of its bus (ARCHITECTURE.md, Processes).
"""

from __future__ import annotations

import asyncio
import faulthandler
import importlib
import logging
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

import uvloop

from gwctl.kit.errors import GwctlError
from gwctl.kit.tasks import Tasks
from gwctl.node.bus import Link, SocketLink
from gwctl.node.messages import Drain, Failed, Hello, LogLevel, Message, Ready, ReopenLogs, Stats
from gwctl.node.plan import Assignment
from gwctl.observe import logs

HEARTBEAT = 1.0
"""Seconds between two ``Stats`` messages."""
ORPHAN_SECONDS = 8.0
"""How long requests in flight may take once the supervisor is gone; with the grace below it stays under ten seconds."""
GRACE = 1.0
"""Seconds a body may take beyond what it was given, before the process ends anyway."""

_log = logging.getLogger("gwctl.node")


class Body(Protocol):
    """What one kind of process does."""

    async def start(self, bus: Link) -> None:
        """Return once it serves. A GwctlError is shown to whoever started the node."""
        ...

    async def receive(self, message: Message) -> None:
        """A message of the supervisor, in order; must not wait for anything long."""
        ...

    def stats(self) -> dict[str, Any]:
        """Figures for the supervisor, every second."""
        ...

    def reopen(self) -> None:
        """Open log files other than the error log again."""
        ...

    async def finish(self, seconds: float) -> None:
        """Take no new work, finish what is in flight within ``seconds`` (0: drop it), release everything."""
        ...


BodyFactory = Callable[[Assignment, Sequence[socket.socket]], Body]


class Child:
    """Connects a body to its supervisor."""

    def __init__(self, assignment: Assignment, body: Body) -> None:
        self._assignment = assignment
        self._body = body
        self._tasks = Tasks(_log)
        self._loop = asyncio.get_running_loop()
        self._deadline: float | None = None
        self._sooner = asyncio.Event()

    def end(self, seconds: float) -> None:
        """Finish within ``seconds``; a later call can only make it sooner."""
        deadline = self._loop.time() + seconds
        if self._deadline is None or deadline < self._deadline:
            self._deadline = deadline
            self._sooner.set()

    async def run(self, bus: Link) -> int:
        """Live until told to end; returns the exit code."""
        bus.send(Hello(self._assignment.kind, self._assignment.slot, os.getpid()))
        self._tasks.spawn("heartbeat", self._beat(bus))
        self._tasks.spawn("bus", self._listen(bus))
        start = self._tasks.spawn("start", _quietly(self._body.start(bus)))
        told = self._tasks.spawn("end", _wait(self._sooner))
        await asyncio.wait({start, told}, return_when=asyncio.FIRST_COMPLETED)
        code = 0
        if start.done():
            code = self._started(start.result(), bus)
        else:
            start.cancel()
            await asyncio.wait({start})
        if code == 0:
            await told
        else:
            self.end(0.0)
        await self._finish()
        await self._tasks.close()
        bus.close()
        return code

    def _started(self, error: Exception | None, bus: Link) -> int:
        if error is None:
            bus.send(Ready())
            return 0
        if isinstance(error, GwctlError):
            _log.error("%s", error, exc_info=error if _log.isEnabledFor(logging.DEBUG) else None)
            bus.send(Failed(error.message, error.hint or "", error.code))
        else:
            _log.error("%s cannot start", self._assignment.name, exc_info=error)
            bus.send(Failed(f"{self._assignment.name} cannot start: {type(error).__name__}: {error}"))
        return 1

    async def _finish(self) -> None:
        finish = self._tasks.spawn("finish", _quietly(self._body.finish(max(0.0, self._left()))))
        while not finish.done() and (patience := self._left() + GRACE) > 0:
            self._sooner.clear()
            sooner = self._tasks.spawn("sooner", _wait(self._sooner))
            await asyncio.wait({finish, sooner}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            sooner.cancel()
        if not finish.done():
            _log.warning("%s did not finish in time", self._assignment.name)
        elif (error := finish.result()) is not None:
            _log.error("%s did not finish cleanly", self._assignment.name, exc_info=error)

    def _left(self) -> float:
        return (self._deadline or 0.0) - self._loop.time()

    async def _beat(self, bus: Link) -> None:
        while True:
            bus.send(Stats(self._body.stats()))
            await asyncio.sleep(HEARTBEAT)

    async def _listen(self, bus: Link) -> None:
        while (message := await bus.receive()) is not None:
            match message:
                case Drain(seconds):
                    self.end(seconds)
                case ReopenLogs():
                    self.reopen()
                case LogLevel(level):
                    logs.set_level(level)
                case _:
                    await self._body.receive(message)
        if self._deadline is None:
            _log.warning("%s: the supervisor is gone, finishing", self._assignment.name)
        self.end(ORPHAN_SECONDS)

    def reopen(self) -> None:
        logs.reopen()
        self._body.reopen()


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


async def _quietly(step: Coroutine[Any, Any, None]) -> Exception | None:
    """The step's error as a value: it is reported by whoever asked for the step."""
    try:
        await step
    except Exception as error:
        return error
    return None


def run_child(assignment: Assignment, sockets: Sequence[socket.socket]) -> int:
    """Be the process ``assignment`` names; ``sockets`` are its bus and then its listeners. Returns the exit code."""
    logs.configure(assignment.settings.text("log_level") or "notice", assignment.error_log, assignment.name)
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR2, all_threads=True)
    factory: BodyFactory = importlib.import_module(assignment.module).body
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    # The loop is not closed: threads that hang in a database call must not keep the process.
    return loop.run_until_complete(_live(assignment, sockets, factory))


async def _live(assignment: Assignment, sockets: Sequence[socket.socket], factory: BodyFactory) -> int:
    child = Child(assignment, factory(assignment, sockets[1:]))
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, child.end, 0.0)
    loop.add_signal_handler(signal.SIGQUIT, child.end, ORPHAN_SECONDS)
    loop.add_signal_handler(signal.SIGUSR1, child.reopen)
    return await child.run(await SocketLink.adopt(sockets[0]))
