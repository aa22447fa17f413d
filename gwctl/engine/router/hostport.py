"""Hosts with optional ports, as routing reads them (table in proxy.md 1.2)."""

from __future__ import annotations

import re

_BRACKETED = re.compile(r"\[([^\]]*)\](?::([0-9]*))?")
_NAMED = re.compile(r"([^:]*):([0-9]*)")


def split_host_port(text: str) -> tuple[str, int | None]:
    """Host and explicit port; text that is neither ``host``, ``host:port`` nor ``[v6]:port`` comes back unchanged."""
    match = _BRACKETED.fullmatch(text) or _NAMED.fullmatch(text)
    if match is None:
        return text, None
    port = match[2]
    return match[1], int(port) if port else None
