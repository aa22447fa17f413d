"""Plain YAML scalars as YAML 1.1 reads them, without dates (admin-api.md 3.1, ecosystem.md A3)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
}
_MAY_BE_NUMBER = frozenset("0123456789+-.")
_LONGEST_WORD = max(map(len, _WORDS))
_LONGEST_NUMBER = 400

_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:"
    r"0b(?P<binary>[01_]+)|0x(?P<hex>[0-9a-fA-F_]+)|0(?P<octal>[0-7_]+)|(?P<decimal>0|[1-9][0-9_]*)"
    r"|(?P<sixty>[1-9][0-9_]*(?::[0-5]?[0-9])+))"
)
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?)")
_SIXTY_FLOAT = re.compile(r"(?P<sign>[-+]?)(?P<sixty>[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)")
_SPECIAL = re.compile(r"(?P<sign>[-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

_BASES = {"binary": 2, "hex": 16, "octal": 8, "decimal": 10}


def plain(text: str) -> Any:
    """The value of an unquoted scalar: null, boolean, number, or the text itself."""
    if len(text) <= _LONGEST_WORD and text in _WORDS:
        return _WORDS[text]
    if text[0] not in _MAY_BE_NUMBER or len(text) > _LONGEST_NUMBER:
        return text
    return _number(text)


def _number(text: str) -> Any:
    found = _INTEGER.fullmatch(text)
    if found is not None:
        return _integer(found, text)
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    found = _SIXTY_FLOAT.fullmatch(text)
    if found is not None:
        return _sign(found) * _by_sixty(found["sixty"], float)
    found = _SPECIAL.fullmatch(text)
    if found is not None:
        return float("nan") if found["sign"] is None else _sign(found) * float("inf")
    return text


def _integer(found: re.Match[str], text: str) -> Any:
    if found["sixty"] is not None:
        return _bounded(_sign(found) * _by_sixty(found["sixty"], int))
    for group, base in _BASES.items():
        digits = found[group]
        if digits is not None:
            digits = digits.replace("_", "")
            return _bounded(_sign(found) * int(digits, base)) if digits else text
    return text


def _bounded(number: int) -> int | float:
    """Beyond 64 bits a number is what JSON makes of it, beyond all floats infinite."""
    if -(2**63) <= number < 2**64:
        return number
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _sign(found: re.Match[str]) -> int:
    return -1 if found["sign"] == "-" else 1


def _by_sixty(text: str, number: Callable[[str], Any]) -> Any:
    total: Any = 0
    for part in text.replace("_", "").split(":"):
        total = total * 60 + (number(part) if part != "." else 0)
    return total
