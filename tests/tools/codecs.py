"""What a codec makes of bytes, in a form that can be compared with what the other one makes of them."""

from __future__ import annotations

from collections.abc import Sequence

from gwctl.engine.http1 import fast
from gwctl.engine.http1.choice import FAST, H11, Codec
from gwctl.engine.http1.codec import BadRequest, BadResponse, HeadLimits, RequestHead, ResponseHead
from gwctl.engine.http1.heads import REQUEST_APART, RESPONSE_APART, Head

LIMITS = HeadLimits()
_REQUEST = tuple(name for name in RequestHead.__slots__)
_RESPONSE = tuple(name for name in ResponseHead.__slots__)


def request_meant(codec: Codec, pieces: Sequence[bytes]) -> object:
    """The attributes of the first head and its fields, the status of its refusal, or None while it is incomplete."""
    reader = codec.request_reader(LIMITS)
    try:
        for piece in pieces:
            reader.feed(piece)
            head = reader.head()
            if head is not None:
                return [getattr(head, name) for name in _REQUEST], head.fields, reader.complete
    except BadRequest as error:
        return error.status
    return None


def response_meant(codec: Codec, pieces: Sequence[bytes], method: bytes) -> object:
    """The same of a response to a request of ``method``."""
    reader = codec.response_reader(LIMITS)
    reader.expect(method, upgrade=False)
    try:
        for piece in pieces:
            reader.feed(piece)
            head = reader.head()
            if head is not None:
                return [getattr(head, name) for name in _RESPONSE], head.fields
    except BadResponse:
        return "broken"
    return None


def disagreement(raw: bytes, *, method: bytes | None) -> str | None:
    """What the codecs disagree about when ``raw`` comes at once: a request, or a response to ``method``."""
    if method is None:
        one, other = request_meant(FAST, [raw]), request_meant(H11, [raw])
        head: Head | None = fast.request_head(raw, LIMITS)
        apart = REQUEST_APART
    else:
        one, other = response_meant(FAST, [raw], method), response_meant(H11, [raw], method)
        head = fast.response_head(raw, method, LIMITS)
        apart = RESPONSE_APART
    if one != other:
        return f"{raw!r}: fast {one!r}, h11 {other!r}"
    if head is not None and (why := _forwarded_wrongly(head, apart)):
        return f"{raw!r}: {why}"
    return None


def _forwarded_wrongly(head: Head, apart: frozenset[bytes]) -> str | None:
    """Whether the lines that go on as they came are exactly the fields that were not set apart."""
    raw = head.raw
    if raw is None:
        return "no raw fields"
    lines = raw.rest.split(b"\r\n")
    if lines.pop():
        return "the rest does not end with a line"
    passed = [(name.lower(), name, value.strip(b" \t")) for name, _, value in (line.partition(b":") for line in lines)]
    if passed != [field for field in head.fields if field[0] not in apart]:
        return f"passed {passed!r}"
    if raw.apart != {low: value for low, _, value in head.fields if low in apart}:
        return f"apart {raw.apart!r}"
    for low, _, _ in head.fields:
        values = [value for name, _, value in head.fields if name == low]
        if (head.first(low), head.values(low), head.joined(low)) != (values[0], values, b", ".join(values)):
            return f"questions about {low!r}"
    return None
