"""From text to tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal, TypeAlias

from gwctl.expressions.errors import ExpressionError

Value: TypeAlias = str | int | IPv4Address | IPv6Address | IPv4Network | IPv6Network
Kind: TypeAlias = Literal["value", "name", "operator", "end"]

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\n]+)
    | (?P<raw>r\#"(?s:.*?)"\#)
    | (?P<string>"(?:[^"\\]|\\(?s:.))*")
    | (?P<ip>(?:[0-9]+(?:\.[0-9]+){3}|(?=[0-9a-fA-F]*:)[0-9a-fA-F:]+(?:\.[0-9]+){0,3})(?:/[0-9]+)?(?![\w.:]))
    | (?P<integer>-?(?:0x[0-9a-fA-F]+|[0-9]+)(?![\w.]))
    | (?P<name>[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)
    | (?P<operator>&&|\|\||==|!=|\^=|=\^|>=|<=|[~<>!()])
    """,
    re.VERBOSE,
)
_WORDS = frozenset({"in", "not", "contains"})
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED: Mapping[str, str] = {'"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t"}
_LARGEST = 2**63
_TOO_LARGE = "does not fit into 64 bits"


@dataclass(frozen=True, slots=True)
class Token:
    """``text`` as it was written; ``value`` of a literal."""

    kind: Kind
    text: str
    position: int
    value: Value = ""


def tokens(text: str) -> list[Token]:
    """Every token of ``text``, the last one an ``end``. Raises ExpressionError."""
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise ExpressionError.at(text, position, f"cannot read {_excerpt(text, position)}")
        if match.lastgroup != "space":
            found.append(_token(text, match.lastgroup, match.group(), position))
        position = match.end()
    found.append(Token("end", "", len(text)))
    return found


def _token(text: str, group: str, written: str, position: int) -> Token:
    if group in ("operator", "name"):
        kind: Kind = "operator" if group == "operator" or written in _WORDS else "name"
        return Token(kind, written, position)
    try:
        return Token("value", written, position, _LITERALS[group](written))
    except ValueError as error:
        raise ExpressionError.at(text, position, str(error)) from None


def _excerpt(text: str, position: int) -> str:
    rest = text[position : position + 12]
    return "a string that does not end" if rest.startswith(('"', 'r#"')) else repr(rest)


def _string(written: str) -> str:
    return _ESCAPE.sub(_unescaped, written[1:-1])


def _unescaped(match: re.Match[str]) -> str:
    letter = match.group(1)
    if letter not in _ESCAPED:
        raise ValueError(f"unknown escape \\{letter} in a string")
    return _ESCAPED[letter]


def _integer(written: str) -> int:
    digits = written.lstrip("-")
    try:
        number = int(digits, 16 if digits[:2] == "0x" else 8 if digits.startswith("0") else 10)
    except ValueError:  # a digit too high for octal, or thousands of decimal digits
        reason = "is not an octal number" if digits.startswith("0") else _TOO_LARGE
        raise ValueError(f"{written} {reason}") from None
    number = -number if written.startswith("-") else number
    if not -_LARGEST <= number < _LARGEST:
        raise ValueError(f"{written} {_TOO_LARGE}")
    return number


def _ip(written: str) -> Value:
    if "/" not in written:
        return ip_address(written)
    try:
        return ip_network(written)
    except ValueError as error:
        raise ValueError(f"{written} is not a network: {error}") from None


_LITERALS: Mapping[str, Callable[[str], Value]] = {
    "raw": lambda written: written[3:-2],
    "string": _string,
    "integer": _integer,
    "ip": _ip,
}
