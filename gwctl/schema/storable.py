"""What no store, cache or JSON document can hold, whatever a field allows."""

from __future__ import annotations

import re
from typing import Any

_SURROGATES = re.compile(r"[\ud800-\udfff]")
_DEEPEST = 64
_LARGEST = 2**63


def _utf8_fault(text: str) -> str | None:
    """Text that came from broken UTF-8 carries surrogates; the message names the first bad byte, counted from 1."""
    found = _SURROGATES.search(text)
    if found is None:
        return None
    position = len(text[: found.start()].encode()) + 1
    return f"invalid utf-8 character sequence detected at position {position}"


def unstorable(text: str) -> str | None:
    """Why ``text`` cannot be stored: broken UTF-8 or the character U+0000."""
    return "must not contain the character U+0000" if "\0" in text else _utf8_fault(text)


def json_fault(value: Any) -> str | None:
    """Why a free JSON value cannot be stored: its texts, its integers or its depth."""
    waiting = [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        if isinstance(item, dict | list):
            if depth == _DEEPEST:
                return f"must not be nested deeper than {_DEEPEST} levels"
            waiting.extend((below, depth + 1) for below in (item.values() if isinstance(item, dict) else item))
            waiting.extend((name, depth + 1) for name in item if isinstance(item, dict))
        elif isinstance(item, str):
            fault = unstorable(item)
            if fault is not None:
                return fault
        elif isinstance(item, int) and not -_LARGEST <= item < _LARGEST:
            return "must not contain integers of more than 64 bits"
    return None
