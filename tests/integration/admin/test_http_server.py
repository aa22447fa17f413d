"""The server under the Admin and Status APIs, over real sockets."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gwctl.certs import issue_default_pair
from gwctl.kit.asgi import Receive, Scope, Send
from tests.integration.admin.serving import Served, serving
from tests.tools.waiting import wait_for


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"hello"})


class Gate:
    """An application that holds its answers until it is opened."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.entered.set()
        await asyncio.get_running_loop().run_in_executor(None, self.opened.wait, 30)
        await hello(scope, receive, send)


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while data := connection.recv(65536):
        received += data
    return received


def test_it_answers_and_leaves_signals_alone() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with serving(hello) as served:
        answer = served.ask("GET", "/")
        assert (answer.status, answer.data) == (200, b"hello")
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_forwarded_headers_are_not_believed() -> None:
    clients: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        clients.append(scope["client"][0])
        await hello(scope, receive, send)

    with serving(app) as served:
        served.ask("GET", "/", headers={"X-Forwarded-For": "9.9.9.9", "X-Forwarded-Proto": "https"})
    assert clients == ["127.0.0.1"]


def test_tls(tmp_path: Path) -> None:
    certificate, key = issue_default_pair("ec", 1700000000.0)
    for name, pem in (("cert.pem", certificate), ("key.pem", key)):
        (tmp_path / name).write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    with serving(hello, tls=context) as served:
        served.tls = client
        assert served.ask("GET", "/").data == b"hello"


def test_keep_alive_and_pipelining() -> None:
    with serving(hello) as served, served.connect() as connection:
        connection.sendall(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        received = read_all(connection)
    assert received.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert received.count(b"Connection: keep-alive") == 1
    assert received.lower().count(b"connection: close") == 1


def test_figures() -> None:
    gate = Gate()
    with serving(gate) as served, served.connect() as writing, served.connect(), served.connect() as waiting:
        gate.opened.set()
        waiting.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_for(lambda: served.server.stats().waiting == 1, "the answered connection")
        gate.opened.clear()
        gate.entered.clear()
        writing.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert gate.entered.wait(10)
        stats = served.server.stats()
        assert stats.as_dict() == {
            "connections_accepted": 3,
            "connections_handled": 3,
            "connections_active": 3,
            "connections_reading": 1,
            "connections_writing": 1,
            "connections_waiting": 1,
            "total_requests": 2,
        }
        gate.opened.set()
    assert (stats + stats).accepted == 6


def stop(served: Served, deadline: float) -> None:
    asyncio.run_coroutine_threadsafe(served.server.stop(deadline), served.loop).result(20)


def in_thread(action: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=action)
    thread.start()
    return thread


def test_stop_lets_running_requests_finish_and_closes_idle_connections() -> None:
    gate = Gate()
    with serving(gate) as served, served.connect() as running, served.connect() as idle:
        running.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert gate.entered.wait(10)
        stopping = in_thread(lambda: stop(served, 20.0))
        assert idle.recv(1) == b""
        with pytest.raises(OSError):
            served.connect()
        assert stopping.is_alive()
        gate.opened.set()
        assert read_all(running).endswith(b"hello")
        stopping.join(10)
        assert not stopping.is_alive()


def test_stop_cuts_what_outlives_its_deadline(caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate()
    try:
        with serving(gate) as served, served.connect() as running:
            running.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert gate.entered.wait(10)
            stop(served, 0.05)
            with pytest.raises(ConnectionError):
                raise ConnectionResetError if running.recv(1) == b"" else AssertionError("answered")
            gate.opened.set()
    finally:
        gate.opened.set()
    assert "1 connections cut off after 0.05 s" in caplog.text


@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\nHo"])
def test_a_head_that_does_not_come_ends_the_connection(start: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gwctl.node.http_server.HEAD_SECONDS", 0.05)
    with serving(hello) as served, served.connect() as connection:
        connection.sendall(start)
        assert connection.recv(65536) == b""


def test_a_head_that_trickles_in_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gwctl.node.http_server.HEAD_SECONDS", 0.2)
    with serving(hello) as served, served.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        connection.settimeout(0.02)
        with pytest.raises(OSError):  # noqa: PT012
            for _ in range(500):
                connection.sendall(b"x: y\r\n")
                try:
                    if connection.recv(1) == b"":
                        raise ConnectionResetError
                except TimeoutError:
                    continue


def test_a_deadline_for_heads_does_not_end_a_long_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gwctl.node.http_server.HEAD_SECONDS", 0.05)
    gate = Gate()
    with serving(gate) as served, served.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert gate.entered.wait(10)
        threading.Timer(0.2, gate.opened.set).start()
        assert read_all(connection).endswith(b"hello")


def test_a_head_that_is_too_large_is_refused() -> None:
    with serving(hello) as served, served.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 40000)
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")


BROKEN_BODY = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"zz\r\n"


def test_a_body_that_breaks_before_the_answer_has_one_answer(caplog: pytest.LogCaptureFixture) -> None:
    with serving(hello) as served, served.connect() as connection:
        connection.sendall(b"".join(BROKEN_BODY))
        received = read_all(connection)
        assert received.startswith(b"HTTP/1.1 400 ")
        assert received.count(b"HTTP/1.1") == 1
    assert "Invalid HTTP request" in caplog.text
    assert "Traceback" not in caplog.text


def test_a_body_that_breaks_after_the_answer_only_ends_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    with serving(hello) as served, served.connect() as connection:
        connection.sendall(BROKEN_BODY[0])
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        connection.sendall(BROKEN_BODY[1])
        assert b"HTTP/1.1" not in read_all(connection)
    assert "Invalid HTTP request" in caplog.text
    assert "Traceback" not in caplog.text


def test_too_many_connections_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gwctl.node.http_server.MOST_CONNECTIONS", 2)
    with serving(hello) as served, served.connect(), served.connect():
        wait_for(lambda: served.server.stats().active == 2, "two connections")
        assert served.ask("GET", "/").status == 503


def test_an_upgrade_is_ignored_silently(caplog: pytest.LogCaptureFixture) -> None:
    with serving(hello) as served:
        answer = served.ask("GET", "/", headers={"Connection": "Upgrade", "Upgrade": "websocket"})
    assert answer.data == b"hello"
    assert caplog.text == ""


def test_access_lines() -> None:
    lines: list[str] = []
    with serving(hello, access=lines.append) as served:
        served.ask("GET", '/a%20b?x="1"', headers={"Referer": "http://r/", "User-Agent": 'a"b\\\xe9'})
        served.ask("HEAD", "/")
    assert re.fullmatch(
        r"127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "
        r'"GET /a%20b\?x=\\x221\\x22 HTTP/1\.1" 200 5 "http://r/" "a\\x22b\\x5C\\xE9"',
        lines[0],
    )
    assert '"HEAD / HTTP/1.1" 200 0 "-" "-"' in lines[1]
