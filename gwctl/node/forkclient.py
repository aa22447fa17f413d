"""The supervisor's side of the fork server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
from collections import deque
from collections.abc import Sequence

from gwctl.kit.errors import GwctlError
from gwctl.node.forkpackets import Exited, Forked, Loaded, receive, send
from gwctl.node.forkspawn import Spawned, spawn_fork_server
from gwctl.node.plan import Assignment
from gwctl.node.respawn import Respawn

_log = logging.getLogger("gwctl.node")


class ForkServerGone(GwctlError):
    """The fork server ended before it answered. Another one is being started; the next ``spawn`` waits for it."""

    code = "fork_server"


class Process:
    """A process held by its pidfd, so that a signal never reaches a stranger who got the same number."""

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self.code: int | None = None
        """Exit code, or minus the signal's number; None while it runs or when nobody saw it end."""
        self.gone = asyncio.Event()
        self.explained = asyncio.Event()
        self._pidfd = pidfd
        asyncio.get_running_loop().add_reader(pidfd, self._ended)

    def explain(self, code: int) -> None:
        """How it ended, in the words of the fork server."""
        self.code = code
        self.explained.set()

    def signal(self, number: signal.Signals) -> None:
        if not self.gone.is_set():
            try:
                signal.pidfd_send_signal(self._pidfd, number)
            except ProcessLookupError:
                return

    def _ended(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        with contextlib.suppress(ChildProcessError):
            # An orphan of a fork server that died is ours to bury (become_reaper).
            os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG)
        os.close(self._pidfd)
        self.gone.set()


MOST_ASKED = 2
"""Requests that are sent before the first of them is answered: the kernel holds few packets of that size."""


class ForkClient:
    """Starts the fork server, asks it for children, and starts it again as soon as it has died: the next child may be
    wanted in a hurry. Children outlive it. ``early`` is a first one that somebody has started already.
    """

    def __init__(self, modules: Sequence[str], early: Spawned | None = None) -> None:
        self._modules = modules
        self._early = early
        self._server: subprocess.Popen[bytes] | None = None
        self._sock: socket.socket | None = None
        self._up = asyncio.Event()
        """Set when the present fork server is up, or has ended before it was."""
        self._up_at: float | None = None
        self._respawn = Respawn()
        self._restart: asyncio.TimerHandle | None = None
        self._asked: deque[asyncio.Future[Process]] = deque()
        self._few = asyncio.Semaphore(MOST_ASKED)
        self._children: dict[int, Process] = {}

    @property
    def pid(self) -> int | None:
        """The running fork server, for people who ask what belongs to the node."""
        return self._server.pid if self._server is not None else None

    def start(self) -> None:
        """Begin to start the fork server; ``spawn`` waits until it is up."""
        spawned, self._early = self._early or spawn_fork_server(self._modules), None
        self._server, self._sock = spawned.process, spawned.sock
        self._sock.setblocking(False)
        self._up_at = None
        asyncio.get_running_loop().add_reader(self._sock, self._readable, self._sock)

    async def spawn(self, assignment: Assignment, sockets: Sequence[socket.socket]) -> Process:
        """Make a child; its bus and listeners are duplicated into it. Raises ForkServerGone."""
        async with self._few:
            return await self._spawn(assignment, sockets)

    async def _spawn(self, assignment: Assignment, sockets: Sequence[socket.socket]) -> Process:
        up = self._up
        await up.wait()
        if up is not self._up or self._sock is None:
            raise ForkServerGone("the fork server ended while it started", hint="its last words are in the error log")
        try:
            memory = [] if assignment.memory is None else [assignment.memory]
            send(self._sock, assignment, [*(sock.fileno() for sock in sockets), *memory])
        except OSError as error:
            self._lost()
            raise ForkServerGone(f"the fork server does not answer: {error.strerror}") from error
        answer: asyncio.Future[Process] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        return await answer

    def _readable(self, sock: socket.socket) -> None:
        try:
            received = receive(sock)
        except BlockingIOError:
            return
        except OSError:
            received = None
        if received is None:
            self._lost()
            return
        packet, descriptors = received
        match packet:
            case Loaded():
                self._up_at = asyncio.get_running_loop().time()
                self._up.set()
            case Forked(pid):
                process = self._children[pid] = Process(pid, descriptors[0])
                asker = self._asked.popleft()
                if asker.done():  # it was cancelled meanwhile
                    process.signal(signal.SIGKILL)
                else:
                    asker.set_result(process)
            case Exited(pid, code):
                if pid in self._children:
                    self._children.pop(pid).explain(code)

    def _lost(self) -> None:
        error = ForkServerGone(f"the fork server ended{_how(self._bury())}")
        _log.warning("%s", error)
        for asker in self._asked:
            if not asker.done():
                asker.set_exception(error)
        self._asked.clear()
        self._children.clear()
        waited, self._up = self._up, asyncio.Event()
        waited.set()
        self._start_later(0.0 if self._up_at is None else asyncio.get_running_loop().time() - self._up_at)

    def _start_later(self, served_seconds: float) -> None:
        delay = self._respawn.delay(served_seconds)
        self._restart = asyncio.get_running_loop().call_later(delay, self._start_again)

    def _start_again(self) -> None:
        try:
            self.start()
        except OSError as error:
            _log.error("the fork server cannot be started: %s", error.strerror)
            self._start_later(0.0)

    def close(self) -> None:
        """End the fork server; the children stay."""
        if self._restart is not None:
            self._restart.cancel()
        self._bury()

    def _bury(self) -> int | None:
        """Let the fork server end and wait for it; returns its exit code."""
        if self._sock is None or self._server is None:
            return None
        asyncio.get_running_loop().remove_reader(self._sock)
        self._sock.close()
        self._sock = None
        server, self._server = self._server, None
        try:
            return server.wait(2)
        except subprocess.TimeoutExpired:
            server.kill()
            return server.wait()


def _how(code: int | None) -> str:
    if code is None:
        return ""
    return f": killed by {signal.Signals(-code).name}" if code < 0 else f" with exit code {code}"
