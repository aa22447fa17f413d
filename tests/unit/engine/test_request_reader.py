"""The server side, on both codecs: the same result however the bytes arrive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.engine.http1.choice import Codec
from gwctl.engine.http1.codec import END, BadRequest, Framing, HeadLimits, RequestHead, RequestReader
from tests.integration.engine.strict_cases import ACCEPTED, REFUSED, H

Outcome = tuple[str, object, bytes, bytes]


def read(codec: Codec, pieces: list[bytes]) -> list[Outcome]:
    """Every message of a connection as (method, framing, path, body), or the status it was refused with."""
    reader = codec.request_reader(HeadLimits())
    messages: list[Outcome] = []
    head: RequestHead | None = None
    body = b""
    for piece in pieces:
        reader.feed(piece)
        try:
            while True:
                if head is None:
                    head = reader.head()
                    body = b""
                    if head is None:
                        break
                part = reader.body()
                if part is None:
                    break
                if part is END:
                    messages.append((head.method.decode(), head.framing, head.path, body))
                    head = None
                else:
                    body += part
        except BadRequest as error:
            messages.append(("refused", error.status, b"", b""))
            break
    return messages


def bytewise(data: bytes) -> list[bytes]:
    return [data[position : position + 1] for position in range(len(data))]


SHORT = {name: raw for name, (raw, _) in (REFUSED | ACCEPTED).items() if len(raw) < 1000}


@pytest.mark.parametrize("raw", SHORT.values(), ids=SHORT)
def test_bytes_one_by_one_mean_the_same(codec: Codec, raw: bytes) -> None:
    assert read(codec, bytewise(raw)) == read(codec, [raw])


@pytest.mark.parametrize("raw", [SHORT["35 extension"], SHORT["41 trailer"], SHORT["1 length and coding"]])
def test_a_cut_anywhere_means_the_same(codec: Codec, raw: bytes) -> None:
    for cut in range(len(raw)):
        assert read(codec, [raw[:cut], raw[cut:]]) == read(codec, [raw])


REFUSED_BY_READER = {name: case for name, case in REFUSED.items() if name != "TRACE"}


@pytest.mark.parametrize(("raw", "status"), REFUSED_BY_READER.values(), ids=REFUSED_BY_READER)
def test_refused_with_nothing_read_behind_it(codec: Codec, raw: bytes, status: int) -> None:
    assert read(codec, [raw + b"GET / HTTP/1.1\r\n" + H + b"\r\n"]) == [("refused", status, b"", b"")]


@given(
    st.lists(
        st.tuples(st.sampled_from(["none", "length", "chunked"]), st.binary(max_size=300)), min_size=1, max_size=4
    ),
    st.data(),
)
def test_messages_keep_their_bodies_and_borders(
    codec: Codec, messages: list[tuple[str, bytes]], data: st.DataObject
) -> None:
    raw, wanted = b"", []
    for kind, content in messages:
        body = b"" if kind == "none" else content
        fields = {
            "none": b"\r\n",
            "length": b"Content-Length: %d\r\n\r\n" % len(body) + body,
            "chunked": b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body, data.draw(st.integers(1, 50))),
        }[kind]
        raw += b"PUT /x HTTP/1.1\r\n" + H + fields
        framing = Framing.CHUNKED if kind == "chunked" else Framing.LENGTH if body else Framing.NONE
        wanted.append(("PUT", framing, b"/x", body))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=6)))
    pieces = [raw[start:end] for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    assert read(codec, pieces) == wanted


def chunked(body: bytes, size: int) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def test_nothing_is_said_about_an_incomplete_head(codec: Codec) -> None:
    reader = codec.request_reader(HeadLimits())
    reader.feed(b"GET / HTTP/1.1\r\nHost: x\r\n")
    assert reader.head() is None
    assert reader.buffered == 25


@pytest.mark.parametrize(
    ("version", "connection", "keep"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: close\r\n", False),
        (b"1.1", b"Connection: x, Close\r\n", False),
        (b"1.0", b"", False),
        (b"1.0", b"Connection: keep-alive\r\n", True),
        (b"1.0", b"Connection: keep-alive\r\nConnection: close\r\n", False),
    ],
)
def test_keep_alive_by_version_and_connection(codec: Codec, version: bytes, connection: bytes, keep: bool) -> None:
    reader = codec.request_reader(HeadLimits())
    reader.feed(b"GET / HTTP/" + version + b"\r\n" + H + connection + b"\r\n")
    head = reader.head()
    assert head is not None
    assert head.keep_alive is keep


def test_a_body_may_not_exceed_its_limit(codec: Codec) -> None:
    for fields, rest in (
        (b"Content-Length: 6\r\n", b"abcdef"),
        (b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"),
    ):
        reader = codec.request_reader(HeadLimits())
        reader.feed(b"POST / HTTP/1.1\r\n" + H + fields + b"\r\n" + rest)
        assert reader.head() is not None
        with pytest.raises(BadRequest) as caught:
            read_limited(reader, 5)
        assert caught.value.status == 413


def read_limited(reader: RequestReader, most: int) -> None:
    reader.limit_body(most)
    while reader.body() is not END:
        pass


def test_a_body_of_exactly_the_limit_passes(codec: Codec) -> None:
    reader = codec.request_reader(HeadLimits())
    reader.feed(b"POST / HTTP/1.1\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n")
    assert reader.head() is not None
    reader.limit_body(5)
    assert reader.body() == b"abcde"
    assert reader.body() is END
