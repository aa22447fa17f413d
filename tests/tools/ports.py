"""Ports nobody else takes: below the range the kernel hands out, each reserved by a locked file."""

from __future__ import annotations

import fcntl
import itertools
import os
import random
import socket
import tempfile
from pathlib import Path

_FIRST, _LAST = 12000, 31999


class Ports:
    """Reserves ports until ``release`` or the end of the process."""

    def __init__(self) -> None:
        self._directory = Path(tempfile.gettempdir()) / f"gwctl-test-ports-{os.getuid()}"
        self._directory.mkdir(exist_ok=True)
        self._held: list[int] = []
        start = random.randint(_FIRST, _LAST)
        self._candidates = itertools.cycle([*range(start, _LAST + 1), *range(_FIRST, start)])

    def take(self) -> int:
        for port in self._candidates:
            descriptor = os.open(self._directory / str(port), os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                continue
            self._held.append(descriptor)
            if is_free(port):
                return port
        raise AssertionError("no free port")

    def release(self) -> None:
        while self._held:
            os.close(self._held.pop())


def is_free(port: int) -> bool:
    """Whether nobody listens on ``port`` on any address of this host."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
            probe.listen(1)
        except OSError:
            return False
    return True
