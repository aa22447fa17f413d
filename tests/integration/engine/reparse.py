"""What an upstream received, read again by three parsers that share no code with the gateway: httptools, h11 and a
grammar of its own that knows no mercy. They have to agree to the byte."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import h11
import httptools

from tests.integration.engine.world import Talk

Read = tuple[bytes, bytes, bytes]
"""Method, target and body of a request."""

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_LINE = re.compile(rb"([A-Z_-]+) (/[\x21-\x7e]*) HTTP/1\.1")
_FIELD = re.compile(rb"(" + _TOKEN + rb"): ([\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?|)")
_SIZE = re.compile(rb"[0-9a-f]{1,16}")


def read_again(raw: bytes) -> list[Read]:
    """The complete requests in ``raw``, which every parser reads the same; what follows them may be the beginning of
    one more, and nothing else."""
    requests, rest = strictly(raw)
    whole = raw[: len(raw) - len(rest)]
    assert by_httptools(whole) == requests, raw
    assert by_h11(whole) == requests, raw
    return requests


def strictly(raw: bytes) -> tuple[list[Read], bytes]:
    requests: list[Read] = []
    while True:
        head, end, rest = raw.partition(b"\r\n\r\n")
        if not end:
            return requests, raw
        line, *lines = head.split(b"\r\n")
        start = _LINE.fullmatch(line)
        assert start is not None, line
        fields = [_field(text) for text in lines]
        names = [name for name, _ in fields]
        assert names.count(b"host") == 1, head
        length = [value for name, value in fields if name == b"content-length"]
        coding = [value for name, value in fields if name == b"transfer-encoding"]
        assert len(length) + len(coding) <= 1, head
        assert not {"content_length", "transfer_encoding"} & {name.decode("latin-1") for name in names}, head
        body: bytes | None = b""
        if length:
            assert length[0].isdigit(), head
            size = int(length[0])
            body, rest = (rest[:size], rest[size:]) if len(rest) >= size else (None, rest)
        elif coding:
            assert coding == [b"chunked"], head
            body, rest = _chunks(rest)
        if body is None:
            return requests, raw
        requests.append((start[1], start[2], body))
        raw = rest


def _field(text: bytes) -> tuple[bytes, bytes]:
    match = _FIELD.fullmatch(text)
    assert match is not None, text
    return match[1].lower(), match[2]


def _chunks(raw: bytes) -> tuple[bytes | None, bytes]:
    pieces = []
    while True:
        line, end, rest = raw.partition(b"\r\n")
        if not end:
            return None, raw
        assert _SIZE.fullmatch(line), line
        size = int(line, 16)
        if size == 0:
            trailers, end, behind = (b"\r\n" + rest).partition(b"\r\n\r\n")
            if not end:
                return None, raw
            for text in trailers.split(b"\r\n")[1:]:
                _field(text)
            return b"".join(pieces), behind
        if len(rest) < size + 2:
            return None, raw
        assert rest[size : size + 2] == b"\r\n", rest
        pieces.append(rest[:size])
        raw = rest[size + 2 :]


@dataclass
class _Heard:
    """httptools' callbacks."""

    requests: list[Read] = field(default_factory=list)
    target: bytes = b""
    body: bytes = b""
    parser: httptools.HttpRequestParser | None = None

    def on_message_begin(self) -> None:
        self.target = self.body = b""

    def on_url(self, data: bytes) -> None:
        self.target += data

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        assert self.parser is not None
        self.requests.append((self.parser.get_method(), self.target, self.body))


def by_httptools(raw: bytes) -> list[Read]:
    # it knows only the methods of its list
    known = raw.replace(b"XYZZY /", b"QUERY /")
    heard = _Heard()
    heard.parser = httptools.HttpRequestParser(heard)
    heard.parser.feed_data(known)
    return [(b"XYZZY" if method == b"QUERY" else method, target, body) for method, target, body in heard.requests]


def by_h11(raw: bytes) -> list[Read]:
    connection = h11.Connection(h11.SERVER)
    if not raw:
        return []  # h11 would take it for the end of the connection
    connection.receive_data(raw)
    requests: list[Read] = []
    while True:
        event = connection.next_event()
        if type(event) is h11.Request:
            method, target, body = event.method, event.target, b""
        elif type(event) is h11.Data:
            body += event.data
        elif type(event) is h11.EndOfMessage:
            requests.append((method, target, body))
            connection.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
            connection.send(h11.EndOfMessage())
            connection.start_next_cycle()
        else:
            assert event is h11.NEED_DATA
            return requests


class Recorder:
    """An upstream that keeps every byte of each connection, and answers requests that it could read strictly."""

    def __init__(self) -> None:
        self.open = 0
        self._connections: list[bytearray] = []

    async def script(self, talk: Talk) -> None:
        raw = bytearray()
        self._connections.append(raw)
        self.open += 1
        answered = 0
        try:
            while data := await talk.reader.read(65536):
                raw += data
                complete = len(strictly(bytes(raw))[0])
                for _ in range(complete - answered):
                    talk.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                answered = complete
        finally:
            self.open -= 1

    def heard(self) -> list[Read]:
        """Every complete request, as all parsers read it."""
        return [request for raw in self._connections for request in read_again(bytes(raw))]
