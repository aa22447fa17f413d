"""The engine alone in one process: the route / and a service at the port it is given."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvloop

from gwctl.certs import TlsPolicy, blank_context
from gwctl.engine import BoundListener, Engine
from gwctl.kit.clock import SystemClock
from gwctl.kit.pem_files import load_chain
from gwctl.kit.version import Version
from gwctl.observe.access import AccessLog
from gwctl.settings import Listener, Settings
from tests.tools import pem

_SERVICE = "00000000-0000-4000-8000-000000000001"
_ROUTE = "00000000-0000-4000-8000-00000000000{}"


class Records:
    """A RecordView of one service and ``/``, beside routes that do not match."""

    version = Version("00000000-0000-4000-8000-000000000000", 1)

    def __init__(self, upstream: int) -> None:
        self._service: dict[str, Any] = {
            "id": _SERVICE,
            "name": "bench",
            "protocol": "http",
            "host": "127.0.0.1",
            "port": upstream,
            "retries": 5,
            "connect_timeout": 60000,
            "write_timeout": 60000,
            "read_timeout": 60000,
        }
        self._routes = [
            {
                "id": _ROUTE.format(number),
                "name": path,
                "service": {"id": _SERVICE},
                "paths": [path],
                "strip_path": False,
            }
            for number, path in enumerate(("/", "/other", "/another/path"))
        ]

    def find(self, entity: str, field: str, value: Any) -> None:
        return None

    def get(self, entity: str, key: str) -> None:
        return None

    def records(self, entity: str) -> Iterator[dict[str, Any]]:
        return iter({"services": [self._service], "routes": self._routes}.get(entity, []))

    def close(self) -> None:
        pass


def _tls(listener: Listener) -> ssl.SSLContext:
    """With a certificate of its own, on P-256."""
    cert, key = pem.certificate_and_key("bench.test")
    context = blank_context(TlsPolicy())
    load_chain(context, cert.encode(), key.encode())
    return context


async def _serve(port: int, upstream: int, log: Path, tls_port: int | None) -> None:
    settings = Settings.load(role="traditional", environ=dict(os.environ))
    engine = Engine(settings, node_id="bench", clock=SystemClock(), access_log=AccessLog(log), tls=_tls)
    await engine.install(Records(upstream))
    listeners = [Listener("127.0.0.1", port)]
    if tls_port is not None:
        listeners.append(Listener("127.0.0.1", tls_port, ssl=True))
    await engine.serve(
        [BoundListener(one, socket.create_server(("127.0.0.1", one.port), backlog=1024)) for one in listeners]
    )
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    tls_port = int(sys.argv[4]) if len(sys.argv) > 4 else None
    uvloop.run(_serve(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), tls_port))
