"""Entries that say what a transformer changes: names, and names with a value behind a colon.

Sources: plugins-transform-observe.md 10.1, 10.2.
"""

from __future__ import annotations

import re
from typing import Any

from gwctl.schema import fields
from gwctl.schema.fields import Attributes

_ENTRY = re.compile(r"([^:]+):*(.*)", re.DOTALL)
_HEADER_NAME = re.compile(r"[A-Za-z0-9_-]+")
_WITH_COLON = r"\A[^:]+:"


def split_entry(entry: str) -> tuple[str, str]:
    """Name and value; the colons right behind the name belong to neither. No name: two empty texts."""
    found = _ENTRY.fullmatch(entry)
    return ("", "") if found is None else (found[1], found[2])


def _header(entry: str) -> str | None:
    return _not_a_header(split_entry(entry)[0])


def _two_headers(entry: str) -> str | None:
    name, value = split_entry(entry)
    return _not_a_header(name) or _not_a_header(value)


def _not_a_header(name: str) -> str | None:
    return None if _HEADER_NAME.fullmatch(name) else f"'{name}' is not a valid header"


HEADER: Attributes = {"check": _header}
"""A header, or one with a value that is ignored."""

HEADER_AND_VALUE: Attributes = {"match": _WITH_COLON, "check": _header}
HEADER_AND_HEADER: Attributes = {"match": _WITH_COLON, "check": _two_headers}
NAME_AND_VALUE: Attributes = {"match": _WITH_COLON}


def entries(kind: Attributes | None = None, *, help: str = "") -> Any:
    """The field for a list of entries of one kind; empty by default."""
    return fields.array(fields.string(kind), required=True, default=(), help=help)
