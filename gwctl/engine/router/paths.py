"""Paths on both sides of a route: normal form for matching, base and rest for the upstream (proxy.md 1.2, 1.8)."""

from __future__ import annotations

import re

from gwctl.kit.uri import normalize_path

_ODD = re.compile(rb"%|//|/\.")
_UNSAFE = re.compile(rb"[^!#$&'()*+,/:;=?@\[\]A-Za-z0-9\-_.~%]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def normal(raw: bytes) -> str | None:
    """The path of a request target in normal form; None when it is no UTF-8."""
    if _ODD.search(raw) is None:
        return raw.decode("latin-1")
    path = normalize_path(raw.decode("latin-1"))
    if path.isascii():
        return path
    try:
        path.encode()
    except UnicodeEncodeError:
        return None
    return path


def upstream_path(base: str, path: str, matched: str | None, *, strip: bool, old: bool = False) -> str:
    """What follows the host at the upstream: ``base`` is the service's path, ``matched`` the part of ``path`` that the
    route matched (None when it has no paths). ``old``: by path handling v1, which joins the two without a slash."""
    if old:
        return _old_path(base, path, matched, strip=strip)
    slash = base.endswith("/")
    if not strip:
        if slash:
            return base + path[1:]
        return base if path == "/" else base + path
    rest = path[1:] if matched is None else _harmless(path[len(matched) :])
    if rest == "":
        return _bare(base, path)
    if rest.startswith("/"):
        return base[:-1] + rest if slash else base + rest
    return base + rest if slash else f"{base}/{rest}"


def _old_path(base: str, path: str, matched: str | None, *, strip: bool) -> str:
    rest = _harmless(path[len(matched) :]) if strip and matched is not None else path[1:]
    return base[:-1] + rest if base.endswith("/") and rest.startswith("/") else base + rest


def _bare(base: str, path: str) -> str:
    if not base.endswith("/"):
        return base + "/" if len(path) > 1 and path.endswith("/") else base
    return base if base == "/" or path.endswith("/") else base[:-1]


def _harmless(rest: str) -> str:
    """What was cut off in the middle of a segment must not become a dot segment."""
    if rest in (".", ".."):
        return ""
    if rest.startswith("./"):
        return rest[2:]
    if rest.startswith("../"):
        return rest[3:]
    return rest


def encoded(path: str) -> bytes:
    """``path`` as it goes on the wire: bytes outside the reference's set become upper-case triplets, none twice."""
    return _UNSAFE.sub(lambda found: b"%%%02X" % found[0][0], path.encode())


def header_text(path: str) -> bytes:
    """``path`` as a header value: control characters, which would end the field, become triplets."""
    return _CONTROL.sub(lambda found: f"%{ord(found[0]):02X}", path).encode()
