"""Sizes, offsets and tag filters as texts."""

from __future__ import annotations

import base64

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.schema import EntityError
from gwctl.store.paging import TagFilter, decode_offset, encode_offset, parse_size, parse_tags

_REASONS = ("bad base64 encoding", "bad json encoding", "invalid offset")
_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.tuples(_TEXT, st.integers(0, 2**31)))
def test_an_offset_comes_back(key: tuple[str, int]) -> None:
    offset = encode_offset(key)
    assert "=" not in offset
    assert decode_offset(offset, (str, int)) == list(key)


@given(st.text() | st.binary().map(lambda raw: base64.b64encode(raw).decode()))
def test_any_other_text_is_refused_with_the_reason(offset: str) -> None:
    refused: EntityError | None = None
    key = [""]
    try:
        key = decode_offset(offset, (str,))
    except EntityError as error:
        refused = error
    if refused is not None:
        reason = str(refused).removeprefix(f"'{offset}' is not a valid offset: ")
        assert (refused.number, reason) in [(7, known) for known in _REASONS]
    assert isinstance(key[0], str)


def test_an_offset_that_postgres_could_not_compare_is_refused() -> None:
    offset = base64.b64encode(orjson.dumps(["a\0b"])).decode()
    with pytest.raises(EntityError, match="invalid offset"):
        decode_offset(offset, (str,))


@pytest.mark.parametrize(("text", "size"), [("1", 1), ("1000", 1000), ("7.0", 7), ("1e2", 100)])
def test_a_size(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["x", "", "1,5", "0x"])
def test_a_size_that_is_no_number(text: str) -> None:
    with pytest.raises(EntityError, match=r"^size must be a number$"):
        parse_size(text)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "1001", "inf", "nan", "1e400"])
def test_a_size_out_of_bounds(text: str) -> None:
    with pytest.raises(EntityError, match=r"^size must be an integer between 1 and 1000$"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", TagFilter(("a",), True)),
        ("a,b", TagFilter(("a", "b"), True)),
        ("a/b", TagFilter(("a", "b"), False)),
        ("a b,c", TagFilter(("a b", "c"), True)),
        ("a,b,a", TagFilter(("a", "b"), True)),
    ],
)
def test_a_tag_filter(text: str, expected: TagFilter) -> None:
    assert parse_tags(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "cannot be null"),
        ("a,b/c", "invalid filter syntax"),
        (",a", "invalid filter syntax"),
        ("a/", "invalid filter syntax"),
        ("a,,b", "invalid filter syntax"),
        ("a,b,c,d,e,f", "cannot query more than 5 tags"),
    ],
)
def test_a_bad_tag_filter(text: str, reason: str) -> None:
    with pytest.raises(EntityError) as caught:
        parse_tags(text)
    assert caught.value.body() == {
        "code": 11,
        "name": "invalid options",
        "message": f"invalid option (tags: {reason})",
        "options": {"tags": reason},
    }
