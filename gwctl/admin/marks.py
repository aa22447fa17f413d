"""Offsets of lists that come from a cache: base64 of a number of records (admin-api.md 2.4), and how to get there."""

from __future__ import annotations

import base64
import binascii
import threading
from collections import OrderedDict
from collections.abc import Hashable

from gwctl.schema import EntityError

_MOST_DIGITS = 15
_MOST_MARKS = 1024


class Marks:
    """The last key of pages that were given, so that the next page begins there instead of counting from the start.

    A list without a mark is counted through, so forgetting one costs only time. Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Hashable, int], str] = OrderedDict()
        self._turn = threading.Lock()

    def keep(self, place: Hashable, position: int, key: str) -> None:
        """``position`` records of the list ``place`` end with ``key``."""
        with self._turn:
            self._kept[place, position] = key
            while len(self._kept) > _MOST_MARKS:
                self._kept.popitem(last=False)

    def near(self, place: Hashable, position: int) -> tuple[str | None, int]:
        """A key to go on behind, and how many records that skips."""
        with self._turn:
            key = self._kept.get((place, position))
        return (key, position) if key is not None else (None, 0)


def encode_position(number: int) -> str:
    return base64.b64encode(str(number).encode()).decode()


def decode_position(offset: str) -> int:
    """The number in ``offset``. Raises EntityError number 7."""
    try:
        plain = base64.b64decode(offset + "=" * (-len(offset) % 4), validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError):
        raise EntityError.invalid_offset(offset, "bad base64 encoding") from None
    if not plain.isascii() or not plain.isdigit() or len(plain) > _MOST_DIGITS:
        raise EntityError.invalid_offset(offset, "invalid offset")
    return int(plain)
