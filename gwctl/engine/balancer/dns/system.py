"""The system's files about names, parsed (resolv.conf(5), hosts(5)); pure."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gwctl.engine.balancer.dns.answers import literal

_log = logging.getLogger("gwctl.engine")

RESOLV_CONF = Path("/etc/resolv.conf")
_PORT = 53
_NDOTS, _TIMEOUT, _ATTEMPTS = 1, 2.0, 2
_MOST_NDOTS, _MOST_TIMEOUT, _MOST_ATTEMPTS = 15, 30, 5


@dataclass(frozen=True, slots=True)
class ResolvConf:
    """``servers`` as ``ip:port``; ``timeout`` seconds for one try, ``attempts`` tries per server."""

    servers: tuple[str, ...] = ("127.0.0.1:53",)
    search: tuple[str, ...] = ()
    ndots: int = _NDOTS
    timeout: float = _TIMEOUT
    attempts: int = _ATTEMPTS


def parse_resolv_conf(text: str) -> ResolvConf:
    """What a resolv.conf says; words that make no sense are passed over, as every resolver does."""
    servers: list[str] = []
    search: tuple[str, ...] = ()
    options = {"ndots": _NDOTS, "timeout": int(_TIMEOUT), "attempts": _ATTEMPTS}
    for line in text.splitlines():
        keyword, *words = line.split("#")[0].split(";")[0].split() or [""]
        if keyword == "nameserver" and words and literal(words[0].partition("%")[0]):
            servers.append(server_address(words[0]))
        elif keyword in ("search", "domain"):
            search = tuple(word.rstrip(".").lower() for word in words if word.strip("."))
        elif keyword == "options":
            for word in words:
                name, _, value = word.partition(":")
                if name in options and value.isdecimal():
                    options[name] = int(value)
    return ResolvConf(
        servers=tuple(servers) or ("127.0.0.1:53",),
        search=search,
        ndots=min(options["ndots"], _MOST_NDOTS),
        timeout=float(min(max(options["timeout"], 1), _MOST_TIMEOUT)),
        attempts=min(max(options["attempts"], 1), _MOST_ATTEMPTS),
    )


def server_address(text: str) -> str:
    """``ip[:port]`` of a name server with its port, brackets around IPv6."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        return f"[{host}]:{port.lstrip(':') or _PORT}"
    if text.count(":") > 1:
        return f"[{text}]:{_PORT}"
    host, _, port = text.partition(":")
    return f"{host}:{port or _PORT}"


def parse_hosts(text: str) -> Mapping[str, tuple[str, ...]]:
    """Lower-case names to their addresses, IPv4 first; ``localhost`` is always there."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        words = line.split("#")[0].split()
        ip = literal(words[0].partition("%")[0]) if words else None
        if ip is None:
            continue
        for name in words[1:]:
            addresses = found.setdefault(name.lower().rstrip("."), [])
            if ip not in addresses:
                addresses.append(ip)
    # every program expects it, whatever the file says
    found.setdefault("localhost", ["127.0.0.1", "::1"])
    return {name: tuple(sorted(ips, key=lambda ip: ":" in ip)) for name, ips in found.items()}


def read_text(path: Path) -> str:
    """The text of one of these files; nothing when it cannot be read, which the log tells."""
    try:
        return path.read_text(errors="replace")
    except OSError as error:
        _log.warning("cannot read %s: %s", path, error.strerror)
        return ""
