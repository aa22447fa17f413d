"""Small questions about the fields of a head."""

from __future__ import annotations

from gwctl.engine.http1.codec import Field

_NOTHING: frozenset[bytes] = frozenset()


def single(fields: list[Field], name: bytes) -> bytes | None:
    """The value of the first field called ``name`` (lower case)."""
    for low, _, value in fields:
        if low == name:
            return value
    return None


def connection_tokens(fields: list[Field]) -> frozenset[bytes]:
    """The lower-case tokens of all Connection fields."""
    values = [value for low, _, value in fields if low == b"connection"]
    if not values:
        return _NOTHING
    tokens = b",".join(values).lower().split(b",")
    return frozenset(token for token in (raw.strip(b" \t") for raw in tokens) if token)
