"""Request targets and authorities: which forms are accepted, and what host and path they mean (RFC 9112 3.2)."""

from __future__ import annotations

import re

_AUTHORITY = re.compile(
    rb"(?:\[[0-9A-Fa-f:.]{2,45}\]|(?:[A-Za-z0-9._~!$&'()*+;=-]|%[0-9A-Fa-f]{2}){1,255})(?::[0-9]{0,5})?"
)
_ABSOLUTE = re.compile(rb"https?://([^/?]*)([^#]*)", re.IGNORECASE)
_BAD_TRIPLET = re.compile(rb"%(?![0-9A-Fa-f]{2})|%00")
_DOT = re.compile(rb"%2e", re.IGNORECASE)


class BadTarget(Exception):
    """A target or authority that is refused with ``status``."""

    def __init__(self, rule: str, status: int = 400) -> None:
        super().__init__(rule)
        self.rule = rule
        self.status = status


def resolve(method: bytes, target: bytes, host: bytes | None) -> tuple[bytes, bytes | None]:
    """The origin-form path (with query) and the authority of a request. Raises BadTarget.

    A target in absolute form names the authority; a Host field that says something else is refused.
    """
    if b"#" in target:
        raise BadTarget("fragment in target")
    if host is not None and not _AUTHORITY.fullmatch(host):
        raise BadTarget("Host")
    if not target.startswith(b"/"):
        target, host = _absolute(method, target, host)
    elif method == b"CONNECT":
        raise BadTarget("CONNECT", 405)
    check_path(target.partition(b"?")[0])
    return target, host


def _absolute(method: bytes, target: bytes, host: bytes | None) -> tuple[bytes, bytes]:
    match = _ABSOLUTE.fullmatch(target)
    if match is None or method == b"CONNECT":
        raise BadTarget("target form")
    authority, path = match[1], match[2]
    if not _AUTHORITY.fullmatch(authority):
        raise BadTarget("target authority")
    if host is not None and host.lower() != authority.lower():
        raise BadTarget("Host differs from target")
    return (path if path.startswith(b"/") else b"/" + path), authority


def check_path(path: bytes) -> None:
    """Refuse a path with broken percent-encoding or one that leads above the root. Raises BadTarget."""
    if b"%" in path:
        if _BAD_TRIPLET.search(path):
            raise BadTarget("percent-encoding")
        path = _DOT.sub(b".", path)
    if b"/.." in path:
        _check_depth(path)


def _check_depth(path: bytes) -> None:
    depth = 0
    for segment in path.split(b"/")[1:]:
        if segment == b"..":
            depth -= 1
            if depth < 0:
                raise BadTarget("path above root")
        elif segment not in (b"", b"."):
            depth += 1
