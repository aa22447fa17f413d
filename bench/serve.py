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

from gwctl.engine import BoundListener, Engine
from gwctl.kit.clock import SystemClock
from gwctl.kit.version import Version
from gwctl.observe.access import AccessLog
from gwctl.settings import Listener, Settings

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

    def records(self, entity: str) -> Iterator[dict[str, Any]]:
        return iter({"services": [self._service], "routes": self._routes}.get(entity, []))

    def close(self) -> None:
        pass


def _no_tls(listener: Listener) -> ssl.SSLContext:
    raise ValueError(listener)


async def _serve(port: int, upstream: int, log: Path) -> None:
    settings = Settings.load(role="traditional", environ=dict(os.environ))
    engine = Engine(settings, node_id="bench", clock=SystemClock(), access_log=AccessLog(log), tls=_no_tls)
    await engine.install(Records(upstream))
    listening = socket.create_server(("127.0.0.1", port), backlog=1024)
    await engine.serve([BoundListener(Listener("127.0.0.1", port), listening)])
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
