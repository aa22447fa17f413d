"""``python -m bench tls``: what TLS handshakes cost a worker, full ones and those that resume a session.

Each connection asks once; keys are P-256. The load runs in this process, one connection after the other.
"""

from __future__ import annotations

import argparse
import socket
import ssl
import statistics
import time
from collections.abc import Callable
from typing import Any

_ASK = b"GET / HTTP/1.1\r\nHost: bench.test\r\nConnection: close\r\n\r\n"


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _round(port: int, seconds: float, *, resume: bool) -> tuple[int, int]:
    """How many connections were made, and how many of them resumed a session."""
    context = _trusting()
    session: ssl.SSLSession | None = None
    made = resumed = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with (
            socket.create_connection(("127.0.0.1", port), 30) as sock,
            context.wrap_socket(sock, server_hostname="bench.test", session=session) as tls,
        ):
            tls.sendall(_ASK)
            while tls.recv(65536):
                pass
            made += 1
            resumed += bool(tls.session_reused)
            session = tls.session if resume else None
    return made, resumed


def measured(cpu_seconds: Callable[[], float], port: int, options: argparse.Namespace) -> dict[str, Any]:
    """CPU microseconds of the server per connection, whose ``cpu_seconds`` are read around each round."""
    full, again, shares = [], [], []
    for _ in range(options.rounds):
        for resume, found in ((False, full), (True, again)):
            before = cpu_seconds()
            made, resumed = _round(port, options.seconds, resume=resume)
            found.append((cpu_seconds() - before) / made * 1e6)
            if resume:
                shares.append(resumed / made)
    return {
        "full_us": round(statistics.median(full)),
        "resumed_us": round(statistics.median(again)),
        "resumed_share": round(statistics.median(shares), 3),
    }
