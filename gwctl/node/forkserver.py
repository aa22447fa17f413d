"""A small process that makes the others: it has their modules imported, but no database, thread or event loop, so a
fork is cheap and clean.

It speaks to the supervisor over one SOCK_SEQPACKET socket, one pickled object per packet (both ends are the same
program under the same user): a request is an ``Assignment`` with the child's descriptors (SCM_RIGHTS; the first is its
bus, then come its listeners and the memory of the node); the reply is ``Forked`` with a pidfd; ``Exited`` follows when
the child has ended. When the supervisor is gone it ends; children are not disturbed, they notice by their own bus.
"""

from __future__ import annotations

import gc
import importlib
import os
import select
import signal
import socket
import sys
import traceback
from dataclasses import replace

from gwctl.node.forkpackets import Exited, Forked, Loaded, receive, send
from gwctl.node.linux import set_process_name
from gwctl.node.plan import Assignment
from gwctl.node.tls_bases import TlsBases


class ForkServer:
    """The loop of the process."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._bases = TlsBases()
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def run(self) -> None:
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(
                number, signal.SIG_IGN
            )  # they are for the supervisor; a terminal sends them to the whole group
        try:
            self._work()
        except ConnectionError:
            return  # the supervisor went while we were speaking to it

    def _work(self) -> None:
        send(self._sock, Loaded(), [])
        while True:
            readable, _, _ = select.select([self._sock.fileno(), self._wake_read], [], [])
            if self._wake_read in readable:
                os.read(self._wake_read, 4096)
            self._reap()
            if self._sock.fileno() in readable and not self._serve():
                return

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            send(self._sock, Exited(pid, os.waitstatus_to_exitcode(status)), [])

    def _serve(self) -> bool:
        packet = receive(self._sock)
        if packet is None:
            return False
        assignment, descriptors = packet
        if not isinstance(assignment, Assignment):
            raise TypeError(f"not an assignment: {assignment!r}")
        assignment = replace(assignment, tls_base=self._bases.of(assignment.generation))
        pid = os.fork()
        if pid == 0:
            self._become(assignment, descriptors)
        pidfd = os.pidfd_open(pid)
        send(self._sock, Forked(pid), [pidfd])
        for descriptor in (pidfd, *descriptors):
            os.close(descriptor)
        return True

    def _become(self, assignment: Assignment, descriptors: list[int]) -> None:
        """Run the child and never return."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for descriptor in (self._wake_read, self._wake_write):
                os.close(descriptor)
            self._sock.close()
            set_process_name(f"gwctl {assignment.name}")
            from gwctl.node.child import run_child

            if assignment.memory is not None:
                assignment = replace(assignment, memory=descriptors.pop())
            code = run_child(assignment, [socket.socket(fileno=descriptor) for descriptor in descriptors])
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


def main(arguments: list[str]) -> None:
    """``python -m gwctl.node.forkserver DESCRIPTOR MODULE…``"""
    descriptor, *modules = arguments
    set_process_name("gwctl forks")
    for module in ("gwctl.node.child", *modules):
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    ForkServer(socket.socket(fileno=int(descriptor))).run()


if __name__ == "__main__":
    main(sys.argv[1:])
