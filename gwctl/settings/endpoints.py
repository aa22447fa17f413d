"""``host:port`` of control planes and ``published:local`` pairs of ports."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

_ENDPOINT = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})")
_PORT_MAP = re.compile(r"(?P<published>[0-9]{1,5})\s*:\s*(?P<local>[0-9]{1,5})")
_HIGHEST = 65535


class Endpoint(NamedTuple):
    """An address to connect to; ``host`` carries no brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_endpoint(text: str) -> Endpoint:
    """The address of ``host:port`` or ``[IPv6]:port``. Raises ValueError."""
    match = _ENDPOINT.fullmatch(text)
    if match is None or not 1 <= int(match["port"]) <= _HIGHEST:
        raise ValueError(text)
    host = match["host"]
    if host.startswith("["):
        host = str(ipaddress.IPv6Address(host[1:-1]))
    return Endpoint(host, int(match["port"]))


def parse_port_map(text: str) -> tuple[int, int]:
    """(local, published) of ``published:local``. Raises ValueError."""
    match = _PORT_MAP.fullmatch(text)
    if match is None:
        raise ValueError(text)
    local, published = int(match["local"]), int(match["published"])
    if not (1 <= local <= _HIGHEST and 1 <= published <= _HIGHEST):
        raise ValueError(text)
    return local, published
