"""The digest of a set depends on its members only, never on their order."""

from hypothesis import given
from hypothesis import strategies as st

from gwctl.kit.digest import ZEROS, combine, from_hex, record_digest, to_hex

_records = st.lists(st.tuples(st.sampled_from(["services", "routes"]), st.text(), st.binary()), max_size=8)


@given(_records, st.randoms())
def test_order_does_not_matter(records: list[tuple[str, str, bytes]], rng: object) -> None:
    shuffled = list(records)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert _total(records) == _total(shuffled)


@given(_records)
def test_adding_and_removing_returns_to_the_start(records: list[tuple[str, str, bytes]]) -> None:
    total = _total(records)
    for record in records:
        total = combine(total, remove=record_digest(*record))
    assert to_hex(total) == ZEROS


@given(st.integers(0, 2**128 - 1))
def test_hexadecimal_round_trip(total: int) -> None:
    assert len(to_hex(total)) == 32
    assert from_hex(to_hex(total)) == total


def test_parts_cannot_be_shifted() -> None:
    assert record_digest("a", "bc", b"") != record_digest("ab", "c", b"")
    assert record_digest("a", "b", b"c") != record_digest("a", "bc", b"")


def _total(records: list[tuple[str, str, bytes]]) -> int:
    total = 0
    for record in records:
        total = combine(total, add=record_digest(*record))
    return total
