"""Serves an application on a free port from a thread, and asks it over real sockets."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from gwctl.kit.asgi import Application
from gwctl.kit.clock import SystemClock
from gwctl.node.http_server import HttpServer, HttpSocket


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)


@dataclass
class Served:
    port: int
    server: HttpServer
    loop: asyncio.AbstractEventLoop
    tls: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self,
        method: str,
        path: str,
        values: Any = None,
        *,
        form: str | None = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request: ``values`` as JSON, ``form`` as urlencoded text, or ``data`` as it is."""
        sent = dict(headers or {})
        if values is not None:
            data, sent["Content-Type"] = json.dumps(values).encode(), "application/json"
        elif form is not None:
            data, sent["Content-Type"] = form.encode(), "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        if self.tls is not None:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=self.tls)
        try:
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)


@contextmanager
def serving(
    app: Application, *, tls: ssl.SSLContext | None = None, access: Callable[[str], None] | None = None
) -> Iterator[Served]:
    """The application until the end of the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = HttpServer(app, SystemClock(), access)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.serve([HttpSocket(listener, tls)]), loop).result(10)
        yield Served(listener.getsockname()[1], server, loop)
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(1.0), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
        listener.close()
