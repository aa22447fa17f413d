"""Rules for paths of services and routes (admin-api.md 0.9)."""

from __future__ import annotations

import re

from gwctl.kit.uri import bad_triplet, normalize_path
from gwctl.schema.fields import Attributes

_EMPTY_SEGMENT = "must not have empty segments"
_RFC_3986 = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*")
_PLAIN = re.compile(r"(?:/[A-Za-z0-9\-_~]+)+/?")


def path(text: str) -> str | None:
    """Characters and triplets of a service path; its start and its segments are rules of their own."""
    if _RFC_3986.fullmatch(text) is None:
        return f"invalid path: '{text}' (characters outside of the reserved list of RFC 3986 found)"
    return _bad_triplet(text)


def router_path(text: str) -> str | None:
    """A fixed path in normalised form, or ``~`` and a regular expression that begins with a slash."""
    if _PLAIN.fullmatch(text):
        return None
    if not text.startswith(("/", "~/")):
        return "should start with: / (fixed path) or ~/ (regex path)"
    if "//" in text:
        return _EMPTY_SEGMENT
    return _fixed_path(text) if text.startswith("/") else _regex_path(text[1:])


def _fixed_path(text: str) -> str | None:
    fault = _bad_triplet(text)
    if fault is not None:
        return fault
    normalized = normalize_path(text)
    return None if normalized == text else f"non-normalized path, consider use '{normalized}' instead"


def _regex_path(pattern: str) -> str | None:
    from gwctl.kit.patterns import PatternError, compile_pattern

    try:
        compile_pattern(pattern)
    except PatternError as error:
        return f"invalid regex: '{pattern}' (PCRE returned: {error.message})"
    return None


def _bad_triplet(text: str) -> str | None:
    found = bad_triplet(text)
    return None if found is None else f"invalid url-encoded value: '{found}'"


PATH: Attributes = {"starts_with": "/", "match_none": (("//", _EMPTY_SEGMENT),), "check": path}
ROUTER_PATH: Attributes = {"check": router_path}
