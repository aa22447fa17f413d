"""Paths: the one normalisation that validation and routing share (proxy.md 1.2)."""

from __future__ import annotations

import re

_TRIPLET = re.compile(rb"%([0-9A-Fa-f]{2})")
_NOT_A_TRIPLET = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}", re.DOTALL)
_SLASHES = re.compile(r"/{2,}")
_KEPT = {byte: b"%%%02X" % byte for byte in b"!*'();:@&=+$,/?%#[]"}


def normalize_path(path: str) -> str:
    """``path`` with triplets decoded, dot segments removed and slashes merged.

    Triplets of reserved characters stay, with upper-case digits. Bytes that are no UTF-8 are carried as surrogate
    escapes. Idempotent on paths whose triplets are well-formed.
    """
    if "%" in path:
        path = _decode(path)
    if "/." in path:
        path = _without_dot_segments(path)
    return _SLASHES.sub("/", path) if "//" in path else path


def bad_triplet(text: str) -> str | None:
    """The first percent sign that two hexadecimal digits do not follow, with up to two characters; None if none."""
    found = _NOT_A_TRIPLET.search(text) if "%" in text else None
    return found.group() if found else None


def _decode(path: str) -> str:
    raw = _TRIPLET.sub(_byte, path.encode("utf-8", "surrogateescape"))
    return raw.decode("utf-8", "surrogateescape")


def _byte(found: re.Match[bytes]) -> bytes:
    byte = int(found.group(1), 16)
    return _KEPT.get(byte) or bytes((byte,))


def _without_dot_segments(path: str) -> str:
    """RFC 3986, 5.2.4, for paths that begin with a slash (others are given one leading empty segment)."""
    segments = path.split("/")
    kept: list[str] = []
    for position, segment in enumerate(segments):
        last = position == len(segments) - 1
        if segment == ".":
            if last:
                kept.append("")
        elif segment == "..":
            if len(kept) > 1:
                kept.pop()
            if last:
                kept.append("")
        else:
            kept.append(segment)
    return "/".join(kept)
