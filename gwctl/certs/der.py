"""The few facts of an X.509 certificate that gwctl reads itself.

The reference's cluster certificates are X.509 version 1 with serial number 0 (observed.md 5), which general parsers
have begun to refuse. This reader looks only at the subject and the dates, and so loads them on every Python.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_SEQUENCE, _OID = 0x30, 0x06
_VERSION = 0xA0
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_COMMON_NAME = bytes((0x55, 0x04, 0x03))
_UTC_FORM = re.compile(rb"[0-9]{12}Z")
_GENERALIZED_FORM = re.compile(rb"[0-9]{14}Z")
_TWO_DIGIT_PIVOT = 50


class DerError(ValueError):
    """Bytes that are not a certificate."""


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """``subject`` is the last common name (empty without one); times are seconds since the epoch, UTC."""

    subject: str
    not_before: float
    not_after: float


def read_certificate(der: bytes) -> CertificateFacts:
    """The facts of one DER certificate. Raises DerError."""
    tag, body, rest = _element(der)
    if tag != _SEQUENCE or rest:
        raise DerError("not a single certificate")
    tag, tbs, _ = _element(body)
    if tag != _SEQUENCE:
        raise DerError("no certificate body")
    fields = list(_elements(tbs))
    if fields and fields[0][0] == _VERSION:
        del fields[0]
    if len(fields) < 6:
        raise DerError("incomplete certificate body")
    times = [_time(tag, value) for tag, value in _elements(fields[3][1])]
    if len(times) != 2:
        raise DerError("no validity")
    return CertificateFacts(_common_name(fields[4][1]), times[0], times[1])


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """(tag, content, what follows) of the first element."""
    if len(data) < 2:
        raise DerError("truncated")
    tag, length, start = data[0], data[1], 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4 or len(data) < 2 + count:
            raise DerError("bad length")
        length, start = int.from_bytes(data[2 : 2 + count], "big"), 2 + count
    if len(data) < start + length:
        raise DerError("truncated")
    return tag, data[start : start + length], data[start + length :]


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        tag, value, data = _element(data)
        yield tag, value


def _common_name(name: bytes) -> str:
    found = ""
    for _, relative in _elements(name):
        for _, attribute in _elements(relative):
            parts = list(_elements(attribute))
            if len(parts) == 2 and parts[0] == (_OID, _COMMON_NAME):
                found = parts[1][1].decode("utf-8", "replace")
    return found


def _time(tag: int, value: bytes) -> float:
    if tag == _UTC_TIME and _UTC_FORM.fullmatch(value):
        short = int(value[:2])
        digits = (b"19" if short >= _TWO_DIGIT_PIVOT else b"20") + value
    elif tag == _GENERALIZED_TIME and _GENERALIZED_FORM.fullmatch(value):
        digits = value
    else:
        raise DerError("bad time")
    try:
        moment = datetime.strptime(digits.decode("ascii"), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise DerError("bad time") from None
    return moment.timestamp()
