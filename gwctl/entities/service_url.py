"""The shorthand ``url`` of a service (admin-api.md 1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwctl.schema import fields
from gwctl.schema.shorthand import Shorthand
from gwctl.schema.urls import split_url

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEMES = {80: "http", 443: "https"}


def expand_url(url: str | None) -> Mapping[str, Any]:
    """protocol, host, port and path out of ``url``; parts it lacks become null or their default."""
    if url is None:
        return {}
    parts = split_url(url)
    protocol = parts.scheme.lower() if parts.scheme else _SCHEMES.get(parts.port or 0, "http")
    return {
        "protocol": protocol,
        "host": parts.host or None,
        "port": parts.port if parts.port is not None else _DEFAULT_PORTS.get(protocol, 80),
        "path": parts.path or None,
    }


URL = Shorthand("url", fields.string(help="protocol, host, port and path at once"), expand_url, gives=("host",))
