"""The listen syntax (hybrid.md 2.3): ``[off] | <ip>:<port> [<flags>], [... next entry ...]``."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any

from gwctl.kit.hosts import explode

_ENTRY = re.compile(r"(?P<ip>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})")
_BACKLOG = re.compile(r"backlog=([0-9]{1,9})")
_IPV6ONLY = re.compile(r"ipv6only=(on|off)")
_KEEPALIVE = re.compile(r"so_keepalive=(on|off|[0-9]+[smh]?:[0-9]*[smh]?:[0-9]*|[0-9]*[smh]?:[0-9]+[smh]?:[0-9]*)")
_DOTTED = re.compile(r"[0-9.]+")
_HOSTNAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")

HTTP_FLAGS = ("ssl", "http2", "proxy_protocol", "deferred", "bind", "reuseport")
STREAM_FLAGS = ("ssl", "udp", "proxy_protocol", "bind", "reuseport")


class ListenSyntaxError(ValueError):
    """Text that is not a list of addresses; its message does not name the setting."""


@dataclass(frozen=True, slots=True)
class Listener:
    """One address to listen on.

    ``ip`` is an IPv4 address, an expanded IPv6 address without brackets, or a host name, as a socket call takes it;
    ``text`` is the entry as the reference prints it (brackets around IPv6, without ``http2``).
    """

    ip: str
    port: int
    ssl: bool = False
    http2: bool = False
    proxy_protocol: bool = False
    deferred: bool = False
    bind: bool = False
    reuseport: bool = False
    udp: bool = False
    backlog: int | None = None
    ipv6only: bool | None = None
    so_keepalive: str | None = None
    text: str = ""

    @property
    def is_ipv6(self) -> bool:
        return ":" in self.ip

    @property
    def address(self) -> str:
        """``ip:port`` for people and URLs."""
        return f"[{self.ip}]:{self.port}" if self.is_ipv6 else f"{self.ip}:{self.port}"

    def describe(self) -> dict[str, Any]:
        """The parsed object of the Admin API's ``*_listeners`` lists (observed.md 2.2)."""
        shown: dict[str, Any] = {
            "listener": self.text,
            "ip": f"[{self.ip}]" if self.is_ipv6 else self.ip,
            "port": self.port,
            "ssl": self.ssl,
            "http2": self.http2,
            "proxy_protocol": self.proxy_protocol,
            "deferred": self.deferred,
            "bind": self.bind,
            "reuseport": self.reuseport,
            "backlog=%d+": self.backlog is not None,
        }
        if self.udp:
            shown["udp"] = True
        return shown


def parse_listen(text: str, *, stream: bool = False, always_ssl: bool = False) -> tuple[Listener, ...]:
    """The addresses of ``text``; none when its first entry is ``off``. Raises ListenSyntaxError."""
    entries = [entry.split() for entry in text.split(",")]
    if entries[0] == ["off"]:
        return ()
    return tuple(_entry(words, STREAM_FLAGS if stream else HTTP_FLAGS, always_ssl) for words in entries)


def _entry(words: list[str], known: tuple[str, ...], always_ssl: bool) -> Listener:
    match = _ENTRY.fullmatch(words[0]) if words else None
    if match is None:
        raise ListenSyntaxError(" ".join(words))
    ip, port = _address(match["ip"]), int(match["port"])
    if port > 65535:
        raise ListenSyntaxError(" ".join(words))
    if always_ssl and "ssl" not in words:
        words = [*words, "ssl"]
    options = _options(words[1:], known)
    shown = f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
    text = " ".join([shown, *(word for word in words[1:] if word != "http2")])
    return Listener(ip, port, text=text, **options)


def _address(text: str) -> str:
    try:
        if text.startswith("["):
            return explode(text[1:-1])
        if _DOTTED.fullmatch(text):
            return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise ListenSyntaxError(text) from None
    if not _HOSTNAME.fullmatch(text):
        raise ListenSyntaxError(text)
    return text


def _options(words: list[str], known: tuple[str, ...]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for word in words:
        if word in known:
            options[word] = True
        elif match := _BACKLOG.fullmatch(word):
            options["backlog"] = int(match[1])
        elif match := _IPV6ONLY.fullmatch(word):
            options["ipv6only"] = match[1] == "on"
        elif match := _KEEPALIVE.fullmatch(word):
            options["so_keepalive"] = match[1]
        else:
            raise ListenSyntaxError(word)
    return options
