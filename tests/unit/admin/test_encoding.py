"""Decoding never fails in other ways than a refusal."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from gwctl.admin.answers import Refusal
from gwctl.admin.encoding import Body, parse_query, read_body

TYPES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "multipart/form-data",
)


def decode(data: bytes, content_type: str) -> Body | Refusal:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": data, "more_body": False}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", content_type.encode())]}
    try:
        return asyncio.run(read_body(Request(scope, receive), 1 << 20))
    except Refusal as refusal:
        return refusal


@given(st.binary(max_size=200), st.sampled_from(TYPES))
def test_any_bytes_are_decoded_or_refused(data: bytes, content_type: str) -> None:
    decode(data, content_type)


@given(
    st.lists(
        st.sampled_from(
            [
                b"--b",
                b"--",
                b"\r\n",
                b"Content-Disposition: form-data",
                b'; name="a"',
                b"; filename=x",
                b"value",
                b"\xff",
            ]
        ),
        max_size=14,
    ).map(b"".join)
)
def test_any_multipart_is_decoded_or_refused(data: bytes) -> None:
    decode(data, "multipart/form-data; boundary=b")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON_VALUES))
def test_json_objects_come_through_unchanged(value: dict[str, Any]) -> None:
    decoded = decode(json.dumps(value).encode(), "application/json")
    assert isinstance(decoded, Body)
    assert decoded.json == value


def test_forms_keep_order_and_blank_values() -> None:
    decoded = decode(b"b=1&a=&b=%20x+y&c", "application/x-www-form-urlencoded")
    assert isinstance(decoded, Body)
    assert list(decoded.form) == [("b", "1"), ("a", ""), ("b", " x y"), ("c", "")]


def test_a_file_part_is_its_content() -> None:
    data = b'--b\r\nContent-Disposition: form-data; name="cert"; filename="c.pem"\r\n\r\nPEM\r\n--b--\r\n'
    decoded = decode(data, "multipart/form-data; boundary=b")
    assert isinstance(decoded, Body)
    assert list(decoded.form) == [("cert", "PEM")]


@given(st.binary(max_size=100))
def test_any_query_is_parsed(query: bytes) -> None:
    parse_query(query)
