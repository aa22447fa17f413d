"""Free ports, and waiting until somebody listens on them."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterable


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    with contextlib.ExitStack() as probes:
        return [probes.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(count)]


def listening(ports: Iterable[int], *, until: float, alive: Callable[[], bool]) -> bool:
    """Whether connections to all ``ports`` succeed before the monotonic time ``until``, while ``alive``."""
    return all(_listens(port, until, alive) for port in ports)


def _listens(port: int, until: float, alive: Callable[[], bool]) -> bool:
    while time.monotonic() < until and alive():
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return True
        time.sleep(0.05)
    return False
