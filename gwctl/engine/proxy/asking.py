"""What hashing reads from a request (proxy.md 6.5)."""

from __future__ import annotations

from urllib.parse import unquote_plus

from gwctl.engine.http1.codec import RequestHead


def cookie_value(head: RequestHead, name: str) -> str | None:
    """The value of the first cookie called ``name``."""
    wanted = name.encode("latin-1", "replace")
    for line in head.values(b"cookie"):
        for pair in line.split(b";"):
            key, equals, value = pair.partition(b"=")
            if equals and key.strip() == wanted:
                return value.strip().decode("latin-1")
    return None


def query_values(query: bytes, name: str) -> list[str | None]:
    """The decoded values of argument ``name`` in order, None for one without ``=``; names match after decoding."""
    values: list[str | None] = []
    for pair in query.decode("latin-1").split("&"):
        key, equals, value = pair.partition("=")
        if key and _decoded(key) == name:
            values.append(_decoded(value) if equals else None)
    return values


def _decoded(text: str) -> str:
    return unquote_plus(text, errors="surrogateescape")


def issued_cookie(name: str, value: str, path: str) -> bytes:
    """The Set-Cookie line for a cookie that keeps a client on its peer."""
    text = f"Set-Cookie: {name}={value}; Path={path}; SameSite=Lax; HttpOnly\r\n"
    return text.encode("latin-1", "replace")
