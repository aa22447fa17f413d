"""Messages survive the wire however it cuts them, and a stranger's bytes never become one."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.node import messages as m

_NUMBERS = st.integers(min_value=0, max_value=2**53)
_JSON = st.dictionaries(st.text(max_size=8), st.none() | st.booleans() | _NUMBERS | st.text(max_size=8), max_size=4)
_BY_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "str": st.text(max_size=20),
    "int": _NUMBERS,
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "dict[str, Any]": _JSON,
}


@st.composite
def _messages(draw: st.DrawFn) -> m.Message:
    kind = draw(st.sampled_from(list(m.KINDS.values())))
    values = {field.name: draw(_BY_TYPE[str(field.type)]) for field in fields(kind)}
    return kind(**values)


@given(st.lists(_messages(), max_size=8), st.lists(st.integers(1, 40), max_size=50))
def test_any_cut_of_the_stream_gives_the_messages_that_were_sent(sent: list[m.Message], cuts: list[int]) -> None:
    stream = b"".join(m.encode(message) for message in sent)
    decoder, received = m.Decoder(), []
    for size in cuts:
        received += decoder.feed(stream[:size])
        stream = stream[size:]
    received += decoder.feed(stream)
    assert received == sent


def test_every_message_has_a_name_of_its_own() -> None:
    assert set(m.KINDS.values()) == set(m.Message.__args__)
    assert len(set(m.KINDS.values())) == len(m.KINDS)


def test_kinds_and_fields_of_a_later_version_are_skipped() -> None:
    lines = b'{"type":"teleport","where":1}\n{"type":"drain","seconds":2.5,"politely":true}\n'
    assert m.Decoder().feed(lines) == [m.Drain(2.5)]


def test_a_whole_number_is_good_enough_for_seconds() -> None:
    assert m.Decoder().feed(b'{"type":"drain","seconds":3}\n') == [m.Drain(3.0)]


@pytest.mark.parametrize(
    "line",
    [
        b"not json\n",
        b"[]\n",
        b'{"type":"drain"}\n',
        b'{"type":"drain","seconds":"soon"}\n',
        b'{"type":"drain","seconds":true}\n',
        b'{"type":"stats","values":[]}\n',
    ],
)
def test_a_line_that_is_no_message_is_an_error(line: bytes) -> None:
    with pytest.raises(m.BadMessage):
        m.Decoder().feed(line)


def test_a_line_that_never_ends_is_an_error_before_it_fills_the_memory() -> None:
    decoder = m.Decoder()
    decoder.feed(b"x" * m.MAX_LINE)
    with pytest.raises(m.BadMessage, match="more than"):
        decoder.feed(b"x")


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_bad_message(data: bytes) -> None:
    try:
        received = m.Decoder().feed(data + b"\n")
    except m.BadMessage:
        return
    assert all(json.loads(m.encode(message)) for message in received)


@pytest.mark.parametrize("letter", ["x", "\x00", "é"])
def test_a_long_text_is_told_without_its_end(letter: str) -> None:
    """The reader would take a longer line for a broken stream and give the other process up."""
    (told,) = m.Decoder().feed(m.encode(m.Loaded("place", 400, letter * 3_000_000)))
    assert told == m.Loaded("place", 400, letter * m.MAX_TEXT + "…")
    assert len(m.encode(m.Loaded("place", 400, letter * 3_000_000))) < m.MAX_LINE
