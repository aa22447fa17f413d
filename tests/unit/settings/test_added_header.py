"""nginx_proxy_add_header: the words of nginx, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.settings.added_header import AddedHeader, parse_added_header


@pytest.mark.parametrize(
    ("text", "line", "always"),
    [
        ("foo-header bar-value", b"foo-header: bar-value\r\n", False),
        ("  X-A   b  always ; ", b"X-A: b\r\n", True),
        ('X-A "max-age=1; include"', b"X-A: max-age=1; include\r\n", False),
        ("X-A 'a \"b\"' always", b'X-A: a "b"\r\n', True),
        ("X-A always", b"X-A: always\r\n", False),
        ("X-A caf\u00e9", b"X-A: caf\xe9\r\n", False),
    ],
)
def test_a_header_as_nginx_reads_it(text: str, line: bytes, always: bool) -> None:
    assert parse_added_header(text) == AddedHeader(line, always)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alone",
        "a b c",
        "a b always more",
        'a "b',
        'a "b"c',
        "a b; c d",
        "a $host",
        "a: b",
        "Content-Length 5",
        "Transfer-Encoding chunked",
        "Connection close",
        "a ''",
        "a 'b\r'",
        "a 'b\x00'",
        "a \u20ac",
    ],
)
def test_what_is_no_header(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_added_header(text)


@given(st.text(max_size=40))
def test_no_text_makes_a_second_line(text: str) -> None:
    try:
        line = parse_added_header(text).line
    except ValueError:
        return
    assert line.endswith(b"\r\n")
    assert not {13, 10, 0} & set(line[:-2])


def test_only_good_answers_get_it_unless_always() -> None:
    some, always = AddedHeader(b"a: b\r\n", False), AddedHeader(b"a: b\r\n", True)
    statuses = (200, 201, 204, 206, 301, 302, 303, 304, 307, 308)
    assert all(some.at(status) for status in statuses)
    assert not any(some.at(status) for status in (100, 101, 202, 400, 404, 500))
    assert all(always.at(status) for status in (*statuses, 101, 404, 500))
