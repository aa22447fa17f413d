"""Expiry: records that end by themselves (admin-api.md 1.10).

Requests and answers count seconds, ``ttl``; a stored record holds the moment of its end, so that every copy of it ends
at the same time and has the same digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwctl.schema.errors import EntityError

TTL = "ttl"
LONGEST = 100_000_000


def ending(given: Mapping[str, Any], now: float) -> dict[str, Any]:
    """``given`` with its ``ttl`` as a moment; 0 and null mean no end. Raises EntityError number 11."""
    values = dict(given)
    seconds = values.get(TTL)
    if TTL in values:
        values[TTL] = _moment(seconds, now) if seconds is not None else None
    return values


def _moment(seconds: Any, now: float) -> int | None:
    if isinstance(seconds, float) and seconds.is_integer():
        seconds = int(seconds)
    if type(seconds) is not int or not 0 <= seconds <= LONGEST:
        raise EntityError.invalid_options({TTL: f"must be an integer between 0 and {LONGEST}"})
    return int(now) + seconds if seconds else None


def has_ended(record: Mapping[str, Any], now: float) -> bool:
    """True when ``record`` is over at ``now``; always False for one without an end."""
    end = record.get(TTL)
    return end is not None and end <= now


def remaining(record: Mapping[str, Any], now: float) -> dict[str, Any]:
    """A stored record as answers show it: with the seconds that are left to it, or null."""
    end = record[TTL]
    return {**record, TTL: None if end is None else max(0, int(end - now))}
