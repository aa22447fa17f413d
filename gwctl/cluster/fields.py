"""Reading the fields of a message that may be hostile: every type, length and range is checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import orjson

from gwctl.cluster.errors import MessageError
from gwctl.cluster.protocol import DEPTH_LIMIT

_LARGEST_NUMBER = (1 << 63) - 1
_HEX = frozenset("0123456789abcdef")


class Fields:
    """A JSON object of a message; each reader raises MessageError naming the field."""

    def __init__(self, document: Mapping[str, Any], place: str) -> None:
        self._document = document
        self._place = place

    def _fail(self, name: str, expected: str) -> MessageError:
        return MessageError(f"{self._place}.{name} must be {expected}")

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._document.get(name) is not None

    def text(self, name: str, *, limit: int = 256, empty: bool = False) -> str:
        value = self._document.get(name)
        if not isinstance(value, str) or len(value) > limit or (not value and not empty):
            raise self._fail(name, f"a text of at most {limit} characters")
        return value

    def integer(self, name: str, *, least: int = 0) -> int:
        value = self._document.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _LARGEST_NUMBER:
            raise self._fail(name, f"an integer of at least {least}")
        return value

    def seconds(self, name: str, *, least: float, most: float) -> float:
        value = self._document.get(name)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
            raise self._fail(name, "a number")
        if not least <= value <= most:
            raise self._fail(name, f"between {least:g} and {most:g}")
        return float(value)

    def flag(self, name: str) -> bool:
        value = self._document.get(name, False)
        if not isinstance(value, bool):
            raise self._fail(name, "a boolean")
        return value

    def digest(self, name: str) -> str:
        value = self._document.get(name)
        if not isinstance(value, str) or len(value) != 32 or not _HEX.issuperset(value):
            raise self._fail(name, "32 hexadecimal digits")
        return value

    def object(self, name: str) -> Fields:
        value = self._document.get(name)
        if not isinstance(value, dict):
            raise self._fail(name, "an object")
        return Fields(value, f"{self._place}.{name}")

    def list(self, name: str, *, limit: int) -> list[Any]:
        value = self._document.get(name)
        if not isinstance(value, list) or len(value) > limit:
            raise self._fail(name, f"a list of at most {limit} elements")
        return value

    def texts(self, name: str, *, items: int, limit: int) -> dict[str, str]:
        """A map from text to text."""
        value = self._document.get(name)
        if not isinstance(value, dict) or len(value) > items:
            raise self._fail(name, f"an object of at most {items} members")
        for key, text in value.items():
            if not isinstance(text, str) or len(text) > limit or len(key) > limit:
                raise self._fail(name, f"an object of texts of at most {limit} characters")
        return dict(value)


def parse_object(data: str | bytes) -> dict[str, Any]:
    """A message's JSON object. Raises MessageError when it is none or nested too deeply."""
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise MessageError(f"the message is not JSON: {error.msg}") from None
    if not isinstance(document, dict):
        raise MessageError("the message is not a JSON object")
    if _deeper_than(document, DEPTH_LIMIT):
        raise MessageError(f"the message is nested deeper than {DEPTH_LIMIT} levels")
    return document


def _deeper_than(document: object, limit: int) -> bool:
    level: list[object] = [document]
    for _ in range(limit):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(child for child in value.values() if isinstance(child, (dict, list)))
            elif isinstance(value, list):
                below.extend(child for child in value if isinstance(child, (dict, list)))
        if not below:
            return False
        level = below
    return True
