"""The fields of the language, with their types (proxy.md 1.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Type: TypeAlias = Literal["String", "Int", "IpAddr"]
Family: TypeAlias = Literal["http", "stream"]

ALIASES: Mapping[str, str] = {"net.port": "net.dst.port"}
"""Names of old, and what they stand for."""

ILLFORMED_SEGMENTS = "illformed http.path.segments.* field"

_BOTH: Mapping[str, Type] = {
    "net.protocol": "String",
    "tls.sni": "String",
    "net.src.ip": "IpAddr",
    "net.dst.ip": "IpAddr",
    "net.src.port": "Int",
    "net.dst.port": "Int",
}
_HTTP: Mapping[str, Type] = {
    **_BOTH,
    "http.method": "String",
    "http.host": "String",
    "http.path": "String",
    "http.path.segments.len": "Int",
}
_NAMED = ("http.headers.", "http.queries.")
_SEGMENTS = "http.path.segments."
_SEGMENT = re.compile(r"(0|[1-9][0-9]*)(?:_([1-9][0-9]*))?")
_MOST_DIGITS = 9


class UnknownField(ValueError):
    """The text says what is wrong with the name."""


@dataclass(frozen=True, slots=True)
class FieldType:
    """``many``: a request may have several values of it."""

    type: Type
    many: bool = False


def field_type(name: str, family: Family) -> FieldType:
    """The type of the field ``name``. Raises UnknownField."""
    plain = (_HTTP if family == "http" else _BOTH).get(name)
    if plain is not None:
        return FieldType(plain)
    if family == "http":
        if name.startswith(_NAMED):
            return FieldType("String", many=True)
        if name.startswith(_SEGMENTS):
            if segments(name) is None:
                raise UnknownField(ILLFORMED_SEGMENTS)
            return FieldType("String")
    elif name in _HTTP or name.startswith((*_NAMED, _SEGMENTS)):
        raise UnknownField(f"the field {name} is not available for stream routes")
    raise UnknownField(f"unknown field {name}")


def segments(name: str) -> tuple[int, int] | None:
    """First and last path segment that a field ``http.path.segments.…`` names; None when it is no such name."""
    found = _SEGMENT.fullmatch(name.removeprefix(_SEGMENTS))
    if found is None:
        return None
    first, last = found.group(1), found.group(2) or found.group(1)
    if max(len(first), len(last)) > _MOST_DIGITS or (found.group(2) is not None and int(first) >= int(last)):
        return None
    return int(first), int(last)
