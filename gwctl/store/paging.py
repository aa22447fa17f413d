"""Pages of a list: sizes, offsets and the tags filter of the reference (admin-api.md 2.4, observed.md 2.6)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from gwctl.schema import EntityError, RecordDict

DEFAULT_SIZE = 100
MAX_SIZE = 1000
MAX_TAGS = 5


@dataclass(frozen=True, slots=True)
class Page:
    """``offset`` leads to the next page; None on the last one."""

    data: list[RecordDict]
    offset: str | None


@dataclass(frozen=True, slots=True)
class TagFilter:
    """Records that carry every tag (``every``), or at least one of them."""

    tags: tuple[str, ...]
    every: bool


def parse_size(text: str) -> int:
    """The ``size`` argument of a list. Raises EntityError number 9."""
    try:
        number = float(text)
    except ValueError:
        raise EntityError.invalid_size("size must be a number") from None
    return check_size(int(number) if number.is_integer() else 0)


def check_size(size: int) -> int:
    if not 1 <= size <= MAX_SIZE:
        raise EntityError.invalid_size(f"size must be an integer between 1 and {MAX_SIZE}")
    return size


def parse_tags(text: str) -> TagFilter:
    """``a,b``: both; ``a/b``: one of them. Raises EntityError number 11."""
    if not text:
        raise _bad_tags("cannot be null")
    separator = "/" if "/" in text else ","
    if "/" in text and "," in text:
        raise _bad_tags("invalid filter syntax")
    tags = text.split(separator)
    if not all(tags):
        raise _bad_tags("invalid filter syntax")
    if len(tags) > MAX_TAGS:
        raise _bad_tags(f"cannot query more than {MAX_TAGS} tags")
    return TagFilter(tuple(dict.fromkeys(tags)), separator == ",")


def _bad_tags(reason: str) -> EntityError:
    return EntityError.invalid_options({"tags": reason})


def encode_offset(key: Sequence[str | int]) -> str:
    """Unpadded base64 of the JSON array of the last row's key."""
    return base64.b64encode(orjson.dumps(list(key))).decode().rstrip("=")


def decode_offset(offset: str, kinds: Sequence[type]) -> list[Any]:
    """The key in ``offset``, whose parts must be of ``kinds``. Raises EntityError number 7."""
    try:
        plain = base64.b64decode(offset + "=" * (-len(offset) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise EntityError.invalid_offset(offset, "bad base64 encoding") from None
    try:
        key = orjson.loads(plain)
    except orjson.JSONDecodeError:
        raise EntityError.invalid_offset(offset, "bad json encoding") from None
    if not isinstance(key, list) or [type(part) for part in key] != list(kinds):
        raise EntityError.invalid_offset(offset, "invalid offset")
    if any(isinstance(part, str) and "\0" in part for part in key):
        raise EntityError.invalid_offset(offset, "invalid offset")
    return key
