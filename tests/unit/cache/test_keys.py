from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gwctl.cache import CacheDamaged, keys

texts = st.text(max_size=300).filter(lambda text: "\x00" not in text)
utf8 = texts.filter(lambda text: text.isprintable())


@given(utf8, utf8, utf8, utf8)
def test_keys_fit_into_lmdb_and_differ(entity: str, one: str, other: str, field: str) -> None:
    first, second = keys.foreign_key(entity, field, one, other), keys.foreign_key(entity, field, other, one)
    assert max(len(first), len(keys.unique_key(entity, [field], [one]))) <= 511
    assert (first == second) == (one == other)
    assert first.startswith(keys.foreign_prefix(entity, field, one))


@given(st.integers(0, 2**63), st.integers(0, 2**63))
def test_journal_keys_sort_by_number(one: int, other: int) -> None:
    first, second = keys.journal_key(one, "e", "k"), keys.journal_key(other, "e", "k")
    assert (first < second) == (one < other)
    assert keys.journal_number(first) == one


@given(st.binary(max_size=60), st.integers(0, 10_000), st.integers(1, 255))
def test_a_flipped_bit_in_a_sealed_value_is_seen(content: bytes, place: int, flip: int) -> None:
    stored = bytearray(keys.seal(b"key", content))
    stored[place % len(stored)] ^= flip
    with pytest.raises(CacheDamaged):
        keys.unseal(b"key", bytes(stored))


def test_a_sealed_value_belongs_to_its_key() -> None:
    with pytest.raises(CacheDamaged):
        keys.unseal(b"other", keys.seal(b"key", b"content"))


@example(["a|b", "c", "a", "b|c"])
@given(st.lists(st.text("a|#", max_size=5), min_size=4, max_size=4))
def test_separators_inside_parts_never_make_two_keys_one(parts: list[str]) -> None:
    first = keys.foreign_key("e", "f", parts[0], parts[1])
    second = keys.foreign_key("e", "f", parts[2], parts[3])
    assert (first == second) == (parts[:2] == parts[2:])


def test_long_parts_fit_and_differ() -> None:
    long, longer = "x" * 400, "x" * 401
    assert len(keys.foreign_key("e", "f", long, longer)) <= 511
    assert keys.record_key("e", long) != keys.record_key("e", longer)
