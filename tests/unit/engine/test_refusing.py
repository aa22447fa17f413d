"""What is seen of requests that are no sound requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.engine.proxy.refusing import Glimpse, glimpse


@pytest.mark.parametrize(
    ("seen", "known"),
    [
        (b"", Glimpse()),
        (b"\r\n\r\nGET / HTTP/1.1\r\n", Glimpse(b"GET / HTTP/1.1")),
        (b"HEAD / HTTP/1.1", Glimpse(b"HEAD / HTTP/1.1", head_only=True)),
        (b"GET /\nAccept:text/html\nACCEPT: b\n", Glimpse(b"GET /", accept=b"text/html")),
        (b"GET /\r\nuser-Agent: \tua  \r\nreferer:\r\n", Glimpse(b"GET /", user_agent=b"ua")),
        # a line that is still coming might go on
        (b"GET /\r\nAccept: text/ht", Glimpse(b"GET /")),
        (b"GET /\r\nX-Accept: a\r\nAccept : b\r\n", Glimpse(b"GET /")),
        (b"a" * 5000, Glimpse(b"a" * 2048)),
    ],
)
def test_a_glimpse(seen: bytes, known: Glimpse) -> None:
    assert glimpse(seen) == known


@given(st.binary(max_size=200))
def test_no_bytes_hurt_and_no_line_ends_are_taken_over(seen: bytes) -> None:
    known = glimpse(seen)
    values = (known.line, known.referer, known.user_agent, known.accept or b"")
    assert not any(b"\n" in value for value in values)
