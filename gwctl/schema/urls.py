"""URLs: how they are taken apart, and what a field that holds one demands (admin-api.md 0.9, 1.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gwctl.schema.fields import Attributes

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_AUTHORITY = re.compile(r"//([^/]*)")
_PORT = re.compile(r":([^:\]]*)\Z")
_MOST_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Url:
    """The parts of a URL that services and plugins use; what is missing is empty, a port None."""

    scheme: str
    host: str
    port: int | None
    path: str


def split_url(text: str) -> Url:
    """Take ``text`` apart the way the reference does: user, query and fragment are dropped, anything is accepted."""
    rest, _, _ = text.partition("#")
    scheme, rest = _taken(_SCHEME, rest)
    authority, rest = _taken(_AUTHORITY, rest)
    path, _, _ = rest.partition("?")
    path, _, _ = path.partition(";")
    host, port = _host_and_port(authority)
    return Url(scheme, host, port, path)


def _taken(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    found = pattern.match(text)
    return ("", text) if found is None else (found.group(1), text[found.end() :])


def _host_and_port(authority: str) -> tuple[str, int | None]:
    host = authority.rpartition("@")[2]
    found = _PORT.search(host)
    port = None if found is None else _port(found.group(1))
    host = host if found is None else host[: found.start()]
    return host.strip("[]") if host.startswith("[") else host, port


def _port(digits: str) -> int | None:
    """Of a number that no port can have only the beginning, which is no port either: int() refuses very long ones."""
    if not digits.isdecimal():
        return None
    return int(digits.lstrip("0")[:_MOST_DIGITS] or "0")


def url(text: str) -> str | None:
    """A URL with a scheme and a host."""
    parts = split_url(text)
    if not parts.host:
        return "missing host in url"
    return None if parts.scheme else "missing scheme in url"


URL: Attributes = {"check": url}
URL_REF: Attributes = {"check": url, "referenceable": True}
