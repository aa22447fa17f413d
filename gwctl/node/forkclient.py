"""The supervisor's side of the fork server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Sequence

from gwctl.kit.errors import GwctlError
from gwctl.node.forkpackets import Exited, Forked, Loaded, receive, send
from gwctl.node.plan import Assignment

_log = logging.getLogger("gwctl.node")


class ForkServerGone(GwctlError):
    """The fork server ended before it answered; it is started again by the next ``spawn``."""

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


class ForkClient:
    """Starts the fork server, asks it for children, and starts it again when it has died. Children outlive it."""

    def __init__(self, modules: Sequence[str], standard_error: int | None = None) -> None:
        self._modules = modules
        self._standard_error = standard_error
        self._server: subprocess.Popen[bytes] | None = None
        self._sock: socket.socket | None = None
        self._up = asyncio.Event()
        self._asked: deque[asyncio.Future[Process]] = deque()
        self._children: dict[int, Process] = {}

    @property
    def pid(self) -> int | None:
        """The running fork server, for people who ask what belongs to the node."""
        return self._server.pid if self._server is not None else None

    def start(self) -> None:
        """Begin to start the fork server; ``spawn`` waits until it is up."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-P", "-m", "gwctl.node.forkserver", str(theirs.fileno()), *self._modules]
        with theirs:
            self._server = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stderr=self._standard_error, pass_fds=[theirs.fileno()]
            )
        ours.setblocking(False)
        self._sock = ours
        self._up.clear()
        asyncio.get_running_loop().add_reader(ours, self._readable, ours)

    async def spawn(self, assignment: Assignment, sockets: Sequence[socket.socket]) -> Process:
        """Make a child; its bus and listeners are duplicated into it. Raises ForkServerGone."""
        if self._sock is None:
            self.start()
        await self._up.wait()
        if self._sock is None:
            raise ForkServerGone("the fork server ended while it started", hint="its last words are in the error log")
        try:
            send(self._sock, assignment, [sock.fileno() for sock in sockets])
        except OSError as error:
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
        code = self.close()
        error = ForkServerGone(f"the fork server ended with exit code {code}")
        _log.warning("%s", error)
        for asker in self._asked:
            if not asker.done():
                asker.set_exception(error)
        self._asked.clear()
        self._children.clear()
        self._up.set()

    def close(self) -> int | None:
        """End the fork server; the children stay. Returns its exit code."""
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
