"""Numbers and names of the native cluster link."""

from __future__ import annotations

from enum import IntEnum

PROTOCOLS = (1,)
"""The protocol numbers this version speaks. A number changes when an older peer could not follow."""
PATH = "/v1/gwctl"
SUBPROTOCOL = "gwctl.1"

HELLO_LIMIT = 64 * 1024
"""Bytes of the largest message that a data plane may send."""
DELTA_LIMIT = 1024 * 1024
"""Bytes of the largest delta; a bigger change travels as a snapshot, so that a slow line shows life between chunks."""
CHUNK_SIZE = 256 * 1024
WINDOW = 4
"""Snapshot chunks under way that the data plane has not stored yet."""
DEPTH_LIMIT = 64
"""Nesting of a message's JSON."""

HEARTBEAT_INTERVAL = 30.0
SILENCE_FACTOR = 1.5
"""A link is given up after this many heartbeat intervals without a message."""
HELLO_TIMEOUT = 10.0
PROBE_TIMEOUT = 1.0


class CloseCode(IntEnum):
    """Close codes of the link: those of RFC 6455 and a private range."""

    GOING_AWAY = 1001
    WRONG_KIND = 1003
    TOO_BIG = 1009
    FAILED = 1011
    BAD_MESSAGE = 4400
    INCOMPATIBLE = 4409
    DUPLICATE = 4410
    REPLACED = 4411
    SILENT = 4412


_REASON_LIMIT = 120


def close_reason(text: str) -> str:
    """``text`` cut to what fits into a close frame (123 bytes)."""
    raw = text.encode()
    return text if len(raw) <= _REASON_LIMIT else raw[: _REASON_LIMIT - 3].decode(errors="ignore") + "…"
