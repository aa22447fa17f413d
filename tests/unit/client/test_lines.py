"""Streams of JSON lines: any cuts, ends that come too early, lines that are none."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.client import AdminClient, AdminError
from gwctl.client.lines import JsonLines


class Response:
    """A response in pieces; ``missing``: bytes that Content-Length promised and that never come."""

    def __init__(self, pieces: Sequence[bytes], missing: int = 0) -> None:
        self._pieces = [piece for piece in pieces if piece]
        self.length = missing

    def read1(self, most: int) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


OBJECTS = st.lists(st.dictionaries(st.text(max_size=5), st.integers(-9, 9) | st.text(max_size=9), max_size=3))


@given(OBJECTS, st.lists(st.integers(0, 300), max_size=8), st.booleans())
def test_objects_come_back_however_the_bytes_are_cut(
    objects: list[dict[str, Any]], cuts: list[int], last_newline: bool
) -> None:
    data = b"\n".join(json.dumps(value).encode() for value in objects) + (b"\n" if last_newline else b"")
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(places)]

    assert list(JsonLines(Response(pieces), 10_000)) == objects  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [b"[1]\n", b"{\n", b'{"a": 1}\n\xff\n', b"1"])
def test_what_is_no_object_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        list(JsonLines(Response([data]), 100))  # type: ignore[arg-type]


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        list(JsonLines(Response([b'{"a": "' + b"x" * 50] * 3), 100))  # type: ignore[arg-type]


def test_an_answer_that_ends_too_early_is_no_end() -> None:
    with pytest.raises(http.client.IncompleteRead):
        list(JsonLines(Response([b'{"a": 1}\n'], missing=5), 100))  # type: ignore[arg-type]


def test_a_server_that_dies_in_the_middle_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"a": 1}\n\r\n')

        thread = threading.Thread(target=answer)
        thread.start()
        seen: list[Any] = []
        client = AdminClient(f"http://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(AdminError, match="the connection broke"), client.lines("GET", "/x") as lines:
            seen.extend(lines)
        thread.join()
    assert seen == [{"a": 1}] or seen == []


def test_a_server_that_refuses_a_large_body_unread_is_heard() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1024)
                body = b'{"message": "too large"}'
                head = f"HTTP/1.1 413 Large\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                connection.sendall(head.encode() + body)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1 << 20):
                    pass

        thread = threading.Thread(target=answer)
        thread.start()
        client = AdminClient(f"http://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(AdminError, match="too large") as caught:
            client.send("POST", "/x", b"x" * (8 << 20), "application/json")
        thread.join()
    assert caught.value.status == 413
