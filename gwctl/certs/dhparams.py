"""The Diffie-Hellman groups with a name (RFC 7919, appendix A): made by their formula instead of being stored."""

from __future__ import annotations

import base64
from collections.abc import Mapping

_TOP_BITS = 64
_OFFSETS: Mapping[str, tuple[int, int]] = {
    "ffdhe2048": (2048, 560316),
    "ffdhe3072": (3072, 2625351),
    "ffdhe4096": (4096, 5736041),
    "ffdhe6144": (6144, 15705020),
    "ffdhe8192": (8192, 10965728),
}


def groups() -> tuple[str, ...]:
    """The names."""
    return tuple(_OFFSETS)


def group_pem(name: str) -> bytes:
    """PEM of the group ``name``, of which there must be one."""
    bits, offset = _OFFSETS[name]
    prime = _prime(bits, offset)
    content = _integer(prime) + _integer(2)
    der = b"\x30" + _length(len(content)) + content
    text = base64.encodebytes(der)
    return b"-----BEGIN DH PARAMETERS-----\n" + text + b"-----END DH PARAMETERS-----\n"


def _prime(bits: int, offset: int) -> int:
    middle = _e_times_two_to(bits - 2 * _TOP_BITS - 2) + offset
    return (1 << bits) - (1 << (bits - _TOP_BITS)) + (middle << _TOP_BITS) - 1


def _e_times_two_to(bits: int) -> int:
    """Euler's number times 2^bits, cut to an integer."""
    guard = 64
    term = total = 1 << (bits + guard)
    divisor = 1
    while term:
        term //= divisor
        total += term
        divisor += 1
    return total >> guard


def _integer(number: int) -> bytes:
    content = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return b"\x02" + _length(len(content)) + content


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes((size,))
    encoded = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(encoded),)) + encoded
