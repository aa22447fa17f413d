"""Starting the fork server. Needs few imports, so that it can load its modules while the supervisor loads its own."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spawned:
    """A fork server that is starting, and our end of its socket. It ends when that is closed."""

    process: subprocess.Popen[bytes]
    sock: socket.socket


def spawn_fork_server(modules: Sequence[str]) -> Spawned:
    """Raises OSError."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-P", "-m", "gwctl.node.forkserver", str(theirs.fileno()), *modules]
    try:
        with theirs:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
    except BaseException:
        ours.close()
        raise
    return Spawned(process, ours)
