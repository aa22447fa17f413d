"""The shorthand ``url`` of a service (admin-api.md 1.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gwctl.schema import fields
from gwctl.schema.shorthand import Shorthand

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_AUTHORITY = re.compile(r"//([^/]*)")
_PORT = re.compile(r":([^:\]]*)\Z")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEMES = {80: "http", 443: "https"}


def expand_url(url: str | None) -> Mapping[str, Any]:
    """protocol, host, port and path out of ``url``; parts it lacks become null or their default."""
    if url is None:
        return {}
    rest, _, _ = url.partition("#")
    scheme, rest = _taken(_SCHEME, rest)
    authority, rest = _taken(_AUTHORITY, rest)
    path, _, _ = rest.partition("?")
    path, _, _ = path.partition(";")
    host, port = _host_and_port(authority)
    protocol = scheme.lower() if scheme else _SCHEMES.get(port or 0, "http")
    return {
        "protocol": protocol,
        "host": host or None,
        "port": port if port is not None else _DEFAULT_PORTS.get(protocol, 80),
        "path": path or None,
    }


def _taken(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    found = pattern.match(text)
    return ("", text) if found is None else (found.group(1), text[found.end() :])


def _host_and_port(authority: str) -> tuple[str, int | None]:
    host = authority.rpartition("@")[2]
    found = _PORT.search(host)
    if found is None:
        return host.strip("[]") if host.startswith("[") else host, None
    digits = found.group(1)
    host = host[: found.start()]
    return host.strip("[]") if host.startswith("[") else host, int(digits) if digits.isdecimal() else None


URL = Shorthand("url", fields.string(help="protocol, host, port and path at once"), expand_url, gives=("host",))
