"""The framing decision (reliability.md S2.3): what length fields may say, before a parser merges them."""

from __future__ import annotations

import re

from gwctl.engine.http1.codec import Framing

_LENGTH = re.compile(rb"[0-9]{1,18}")
_NO_BODY = (204, 304)


class BrokenFraming(Exception):
    """Length fields that two parsers could read differently; ``unknown_coding`` marks a coding we do not implement."""

    def __init__(self, rule: str, *, unknown_coding: bool = False) -> None:
        super().__init__(rule)
        self.rule = rule
        self.unknown_coding = unknown_coding


def declared(block: bytes, minor: int) -> tuple[Framing | None, int | None]:
    """What the raw head ``block`` declares: (LENGTH, n), (CHUNKED, None) or (None, None). Raises BrokenFraming."""
    low = block.lower()
    lengths = low.count(b"\r\ncontent-length")
    codings = low.count(b"\r\ntransfer-encoding")
    if not lengths and not codings:
        return None, None
    length_values = _values(low, b"content-length") if lengths else []
    coding_values = _values(low, b"transfer-encoding") if codings else []
    if length_values and coding_values:
        raise BrokenFraming("Content-Length with Transfer-Encoding")
    if coding_values:
        return _coding(coding_values, minor), None
    if not length_values:
        return None, None
    if len(length_values) > 1 or not _LENGTH.fullmatch(length_values[0]):
        raise BrokenFraming("Content-Length")
    return Framing.LENGTH, int(length_values[0])


def _coding(values: list[bytes], minor: int) -> Framing:
    if minor == 0:
        raise BrokenFraming("Transfer-Encoding in HTTP/1.0")
    if len(values) > 1:
        raise BrokenFraming("repeated Transfer-Encoding")
    if values[0] != b"chunked":
        raise BrokenFraming("Transfer-Encoding", unknown_coding=True)
    return Framing.CHUNKED


def _values(low: bytes, name: bytes) -> list[bytes]:
    found = []
    for line in low.split(b"\r\n")[1:]:
        key, colon, value = line.partition(b":")
        if colon and key == name:
            found.append(value.strip(b" \t"))
    return found


def of_request(block: bytes, minor: int) -> tuple[Framing, int | None]:
    """Framing of a request head (RFC 9112 6.3)."""
    framing, length = declared(block, minor)
    if framing is None or length == 0:
        return Framing.NONE, length
    return framing, length


def of_response(block: bytes, minor: int, status: int, method: bytes) -> tuple[Framing, int | None]:
    """Framing of a final response head to a request of ``method``."""
    framing, length = declared(block, minor)
    if method == b"HEAD" or status in _NO_BODY:
        return Framing.NONE, length
    if framing is None:
        return Framing.UNTIL_CLOSE, None
    if length == 0:
        return Framing.NONE, 0
    return framing, length
