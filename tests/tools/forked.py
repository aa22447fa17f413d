"""Commands of ``gwctl`` that cost no start of an interpreter: children of a process that has the program imported.

Two thirds of the time of a short command is the import of what it needs. A child calls the same ``main`` that the
installed script calls, in its own process, with its own arguments, environment, directory, output and exit code.
The processes of a node are never such children: a start runs interpreters for them in either way.

Only ``Place.set_up`` runs them; what a test is about runs the installed script. ``tests/e2e/test_forked.py`` compares
the two ways, and ``GWCTL_TEST_INSTALLED=1`` makes every command the installed one.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

_HOST = Path(__file__).with_name("forkhost.py")
# read by the interpreter or the C library when a process begins: a child has those of its host
_OF_A_BEGINNING = ("LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE")
_OF_AN_INTERPRETER = ("PYTHON", "LD_", "MALLOC_")


def fits(words: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether a command may run as a child of the host and still be what the installed one is."""
    return (
        not os.environ.get("GWCTL_TEST_INSTALLED")
        and words[:1] != ["quickstart"]  # is a parent of nodes all its life
        and all(environ.get(name) == os.environ.get(name) for name in _OF_A_BEGINNING)
        and not any(name.startswith(_OF_AN_INTERPRETER) for name in environ)
    )


def run(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdout: IO[str],
    stderr: IO[str],
    timeout: float,
) -> int:
    """Like ``subprocess.run``, of which it also has the error of a command that takes too long; the exit code."""
    return _host().run(
        json.dumps({"argv": list(command), "cwd": str(cwd), "env": dict(env)}).encode(),
        [stdout.fileno(), stderr.fileno()],
        timeout,
    )


@functools.cache
def _host() -> _Host:
    return _Host()


class _Host:
    """The process that forks; it ends with this one."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        environ = {name: os.environ[name] for name in ("PATH", "HOME", *_OF_A_BEGINNING) if name in os.environ}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_HOST), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        self._socket = ours
        self._asking = threading.Lock()
        atexit.register(self.close)

    def close(self) -> None:
        self._socket.close()
        self._process.wait(10)

    def run(self, request: bytes, outputs: list[int], timeout: float) -> int:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs, self._asking:
                socket.send_fds(self._socket, [b"."], [theirs.fileno(), *outputs])
            ours.sendall(request)
            ours.shutdown(socket.SHUT_WR)
            # before the first command the host imports the program
            told = _lines(ours, timeout + 60)
            pid = int(next(told))
            ours.settimeout(timeout)
            try:
                return int(next(told))
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(request.decode(), timeout) from None


def _lines(connection: socket.socket, timeout: float) -> Iterator[str]:
    connection.settimeout(timeout)
    with connection.makefile("rb") as file:
        for line in file:
            yield line.decode()
    raise AssertionError("the process that forks commands has ended")
