"""``python -m bench idle``: memory of idle keep-alive connections, plain and over TLS.

Clients ask once and stay. ``kib`` is what a connection costs the worker (RssAnon), from the second thousand on, when
the loop and the allocator have what they need.
"""

from __future__ import annotations

import argparse
import resource
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

_ASK = b"GET / HTTP/1.1\r\nHost: bench.test\r\nUser-Agent: idle/1.0\r\nAccept: */*\r\n\r\n"


def _anonymous_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("RssAnon:")))


@contextmanager
def _clients(port: int, count: int, tls: ssl.SSLContext | None) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(count):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", port), 30))
            if tls is not None:
                sock = stack.enter_context(tls.wrap_socket(sock, server_hostname="bench.test"))
            sock.sendall(_ASK)
            if not sock.recv(65536).startswith(b"HTTP/1.1 200"):
                raise SystemExit("a connection was not served")
        yield


def _kib_each(pid: int, port: int, count: int, tls: ssl.SSLContext | None) -> float:
    with _clients(port, count // 2, tls):
        before = _anonymous_kib(pid)
        with _clients(port, count, tls):
            return (_anonymous_kib(pid) - before) / count


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def measured(pid: int, port: int, tls_port: int, options: argparse.Namespace) -> dict[str, Any]:
    """KiB of each of ``options.idle`` connections to a worker that listens on both ports."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    count = 50 if options.smoke else options.idle
    return {
        "connections": count,
        "plain_kib": round(_kib_each(pid, port, count, None), 1),
        "tls_kib": round(_kib_each(pid, tls_port, count, _trusting()), 1),
        "python": sys.version.split()[0],
    }
