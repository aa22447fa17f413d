"""The conditions of routes: hosts, headers, paths, server names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gwctl.engine.router.hostport import split_host_port
from gwctl.kit.patterns import Match, Pattern, compile_pattern


@dataclass(frozen=True, slots=True)
class HostRule:
    """``text`` is a whole host, the end of one (``suffix``) or the start of one (``prefix``)."""

    kind: str
    text: str
    port: int | None

    def accepts(self, host: str) -> bool:
        if self.kind == "suffix":
            return host.endswith(self.text)
        return host.startswith(self.text) if self.kind == "prefix" else host == self.text


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """Any of ``values`` (lower case), or a ``pattern`` that is searched in a lower-case value."""

    name: bytes
    values: frozenset[bytes]
    pattern: Pattern | None

    def accepts(self, values: list[bytes]) -> bool:
        if self.pattern is None:
            return not self.values.isdisjoint(values)
        return any(self.pattern.search(value.decode("latin-1")) is not None for value in values)


@dataclass(frozen=True, slots=True)
class PathRule:
    """A plain prefix, or a regular expression with the literal text that every match begins with.

    ``shown``: whether a prefix is told as the matched part of the path.
    """

    literal: str
    pattern: Pattern | None
    shown: bool = True

    def match(self, path: str) -> Match | str | None:
        """The match of the expression, or the prefix itself, or None."""
        if self.pattern is not None:
            return self.pattern.match(path)
        return self.literal if path.startswith(self.literal) else None


def host_rule(text: str) -> HostRule:
    """The rule of an item of ``hosts``."""
    host, port = split_host_port(text.lower())
    return _wildcard(host, port)


def sni_rule(text: str) -> HostRule:
    """The rule of an item of ``snis``."""
    return _wildcard(text.lower().removesuffix("."), None)


def _wildcard(text: str, port: int | None) -> HostRule:
    if text.startswith("*"):
        return HostRule("suffix", text[1:], port)
    if text.endswith("*"):
        return HostRule("prefix", text[:-1], port)
    return HostRule("exact", text, port)


def header_rule(name: str, values: list[str]) -> HeaderRule:
    """The rule of an entry of ``headers``. Raises PatternError."""
    low = name.lower().encode()
    if len(values) == 1 and values[0].startswith("~*"):
        return HeaderRule(low, frozenset(), compile_pattern(values[0][2:], ignore_case=True))
    return HeaderRule(low, frozenset(value.encode().lower() for value in values), None)


def is_regex(path: str) -> bool:
    """Whether an item of ``paths`` is a regular expression."""
    return path.startswith("~")


def path_rule(path: str) -> PathRule:
    """The rule of an item of ``paths``. Raises PatternError."""
    if is_regex(path):
        pattern = path[1:]
        return PathRule(literal_start(pattern), compile_pattern(pattern))
    if path.startswith("/"):
        return PathRule(path, None)
    return PathRule("", compile_pattern(re.escape(path)))


_SPECIAL = frozenset("\\^$.|?*+()[]{}")
_QUANTIFIERS = frozenset("?*{")


def literal_start(pattern: str) -> str:
    """Text that every match of ``pattern`` begins with; short rather than wrong."""
    if "|" in pattern and _branches(pattern):
        return ""
    text, position = "", 0
    while position < len(pattern):
        character = pattern[position]
        if character == "\\" and pattern[position + 1 : position + 2] in {".", "-", "/", "_"}:
            position += 1
            character = pattern[position]
        elif character in _SPECIAL:
            return text[:-1] if character in _QUANTIFIERS else text
        text += character
        position += 1
    return text


_OUTLINE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()|]", re.DOTALL)


def _branches(pattern: str) -> bool:
    """Whether ``pattern`` has, or may have, alternatives outside of all parentheses."""
    depth = 0
    for found in _OUTLINE.finditer(pattern):
        sign = found.group()
        if sign in ("\\Q", "\\E") or depth < 0 or (sign == "|" and depth == 0):
            return True
        depth += (sign == "(") - (sign == ")")
    return depth != 0
