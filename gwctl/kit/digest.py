"""The order-free hash of a set of records (ARCHITECTURE.md, how a config change flows)."""

from __future__ import annotations

from hashlib import blake2b

MODULUS = 1 << 128


def record_digest(kind: str, key: str, canonical: bytes) -> int:
    """BLAKE2b-128 of ``kind`` NUL ``key`` NUL ``canonical`` as an integer below 2**128."""
    state = blake2b(digest_size=16)
    for part in (kind.encode(), b"\0", key.encode(), b"\0", canonical):
        state.update(part)
    return int.from_bytes(state.digest(), "big")


def combine(total: int, *, add: int = 0, remove: int = 0) -> int:
    """The digest of a set after one record was added and one removed (0 stands for none)."""
    return (total + add - remove) % MODULUS


def to_hex(total: int) -> str:
    """32 lower-case hexadecimal digits."""
    return f"{total:032x}"


def from_hex(text: str) -> int:
    return int(text, 16)


ZEROS = "0" * 32
"""The hash of nothing: a node that never applied a configuration reports it."""
