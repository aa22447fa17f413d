"""The client side, on both codecs: strict about upstreams, too (reliability.md S1.51)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.engine.http1.choice import Codec
from gwctl.engine.http1.codec import END, BadResponse, Framing, HeadLimits, ResponseHead
from tests.unit.engine.test_request_reader import bytewise, chunked

Read = tuple[int, bytes, bool]


def read(
    codec: Codec, pieces: list[bytes], method: bytes = b"GET", *, upgrade: bool = False, eof: bool = False
) -> Read | str:
    """(status, body, reusable) of one response; "broken" when refused, "incomplete" when more bytes are needed."""
    reader = codec.response_reader(HeadLimits())
    reader.expect(method, upgrade=upgrade)
    head: ResponseHead | None = None
    body = b""
    try:
        for number, piece in enumerate(pieces, 1):
            reader.feed(piece)
            if eof and number == len(pieces):
                reader.eof()
            head = head or reader.head()
            while head is not None:
                part = reader.body()
                if part is END:
                    if number < len(pieces):
                        reader.feed(b"".join(pieces[number:]))
                    return head.status, body, reader.reusable
                if part is None:
                    break
                body += part
    except BadResponse:
        return "broken"
    return "incomplete"


OK = b"HTTP/1.1 200 OK\r\n"

BROKEN: dict[str, bytes] = {
    "two lengths": OK + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
    "length list": OK + b"Content-Length: 1, 1\r\n\r\na",
    "negative length": OK + b"Content-Length: -1\r\n\r\na",
    "length and coding": OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "unknown coding": OK + b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
    "coding in 1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bad chunk": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "chunk size and space": OK + b"Transfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n",
    "not HTTP": b"SSH-2.0-OpenSSH\r\n\r\n",
    "HTTP/2": b"HTTP/2.0 200 OK\r\n\r\n",
    "status 99": b"HTTP/1.1 099 Odd\r\n\r\n",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "folded": OK + b"X: 1\r\n 2\r\nContent-Length: 0\r\n\r\n",
    "CR in a value": OK + b"X: 1\rSet-Cookie: a\r\nContent-Length: 0\r\n\r\n",
    "NUL": OK + b"X: \x00\r\nContent-Length: 0\r\n\r\n",
    "space before colon": OK + b"Content-Length : 1\r\n\r\na",
    "101 unasked": b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    "interim flood": b"HTTP/1.1 103 Early\r\n\r\n" * 11,
    "long line": OK + b"X: " + b"a" * 9000 + b"\r\n\r\n",
    "large head": OK + b"".join(b"X: %b\r\n" % (b"a" * 5000) for _ in range(8)) + b"\r\n",
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
def test_a_broken_response_is_refused(codec: Codec, raw: bytes) -> None:
    assert read(codec, [raw]) == "broken"
    if len(raw) < 1000:
        assert read(codec, bytewise(raw)) == "broken"


SOUND: dict[str, tuple[bytes, Read]] = {
    "length": (OK + b"Content-Length: 3\r\n\r\nabc", (200, b"abc", True)),
    "chunked": (OK + b"Transfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nT: 1\r\n\r\n", (200, b"abc", True)),
    "close": (OK + b"Connection: close\r\nContent-Length: 1\r\n\r\na", (200, b"a", False)),
    "1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", (200, b"a", False)),
    "1.0 keep-alive": (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\na", (200, b"a", True)),
    "interim": (
        b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\nLink: a\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n",
        (200, b"", True),
    ),
    "204": (b"HTTP/1.1 204 No\r\n\r\n", (204, b"", True)),
    "304 with length": (b"HTTP/1.1 304 No\r\nContent-Length: 10\r\n\r\n", (304, b"", True)),
    "no reason": (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", (200, b"", True)),
}


@pytest.mark.parametrize(("raw", "wanted"), SOUND.values(), ids=SOUND)
def test_a_sound_response_is_read(codec: Codec, raw: bytes, wanted: Read) -> None:
    assert read(codec, [raw]) == wanted
    assert read(codec, bytewise(raw)) == wanted


def test_a_body_without_framing_ends_with_the_connection(codec: Codec) -> None:
    raw = OK + b"\r\nabc"
    assert read(codec, [raw]) == "incomplete"
    assert read(codec, [raw], eof=True) == (200, b"abc", False)


@pytest.mark.parametrize(
    "raw", [OK + b"Content-Length: 5\r\n\r\nabc", OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc"]
)
def test_a_short_body_is_broken(codec: Codec, raw: bytes) -> None:
    assert read(codec, [raw], eof=True) == "broken"


def test_the_answer_to_head_has_no_body(codec: Codec) -> None:
    assert read(codec, [OK + b"Content-Length: 5\r\n\r\n"], b"HEAD") == (200, b"", True)
    assert read(codec, [OK + b"Transfer-Encoding: chunked\r\n\r\n"], b"HEAD") == (200, b"", True)


@pytest.mark.parametrize(
    "raw",
    [OK + b"Content-Length: 1\r\n\r\nab", b"HTTP/1.1 204 No\r\n\r\nbody", b"HTTP/1.1 304 No\r\n\r\nbody"],
)
def test_bytes_behind_a_response_forbid_reuse(codec: Codec, raw: bytes) -> None:
    outcome = read(codec, [raw])
    assert isinstance(outcome, tuple)
    assert outcome[2] is False


def test_101_switches_when_it_was_asked_for(codec: Codec) -> None:
    reader = codec.response_reader(HeadLimits())
    reader.expect(b"GET", upgrade=True)
    reader.feed(b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n\x81\x01a")
    head = reader.head()
    assert head is not None
    assert head.switching
    assert reader.rest() == b"\x81\x01a"
    assert not reader.reusable


def test_a_reader_is_used_again(codec: Codec) -> None:
    reader = codec.response_reader(HeadLimits())
    for _ in range(3):
        reader.expect(b"GET", upgrade=False)
        reader.feed(OK + b"Content-Length: 1\r\n\r\na")
        head = reader.head()
        assert head is not None
        assert (head.framing, reader.body(), reader.body()) == (Framing.LENGTH, b"a", END)
        assert reader.reusable


@given(st.binary(max_size=400), st.integers(1, 60), st.data())
def test_chunked_bodies_arrive_whole(codec: Codec, body: bytes, size: int, data: st.DataObject) -> None:
    raw = OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body, size)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=6)))
    pieces = [raw[start:end] for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    assert read(codec, [piece for piece in pieces if piece]) == (200, body, True)


@given(st.binary(max_size=200))
def test_garbage_never_crashes_the_reader(codec: Codec, raw: bytes) -> None:
    read(codec, [raw], eof=True)
    read(codec, [OK + b"Transfer-Encoding: chunked\r\n\r\n" + raw], eof=True)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 101 X\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"HTTP/1.0 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
)
def test_a_switch_to_anything_but_what_was_asked_for_is_broken(codec: Codec, head: bytes) -> None:
    reader = codec.response_reader(HeadLimits())
    reader.expect(b"GET", upgrade=True)
    reader.feed(head)
    with pytest.raises(BadResponse):
        reader.head()
