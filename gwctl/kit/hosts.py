"""Host names and addresses with an optional port, as the reference reads them (admin-api.md 0.9)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address
from typing import Literal, TypeAlias

_NAME = re.compile(r"[0-9A-Za-z._-]+")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|0{0,2}[0-9]|0?[1-9][0-9])"
_IPV4 = re.compile(rf"(?P<host>{_OCTET}(?:\.{_OCTET}){{3}})(?::(?P<port>[0-9]+))?")
_NUMERIC = re.compile(r"[0-9.]+")
_BRACKETED = re.compile(r"\[(?P<host>[0-9A-Fa-f:.]+)\](?::(?P<port>[0-9]+))?")
_WITH_PORT = re.compile(r"(?P<host>.+):(?P<port>[0-9]+)", re.DOTALL)
_FAST_NAME = re.compile(r"[0-9A-Za-z_]+(?:-+[0-9A-Za-z_]+)*(?:\.[0-9A-Za-z_]+(?:-+[0-9A-Za-z_]+)*)+")
_MAX_PORT = 65535

HostKind: TypeAlias = Literal["name", "ipv4", "ipv6"]


@dataclass(frozen=True, slots=True)
class Host:
    """A parsed host; an IPv6 ``host`` is written in full, without brackets."""

    kind: HostKind
    host: str
    port: int | None

    def with_port(self, default: int) -> str:
        """``host:port`` with the address in its stored form."""
        host = f"[{self.host}]" if self.kind == "ipv6" else self.host
        return f"{host}:{self.port if self.port is not None else default}"


class HostError(ValueError):
    """``kind``: as which kind of host the text was read; ``port``: it is the port that is wrong."""

    def __init__(self, kind: HostKind, *, port: bool = False) -> None:
        super().__init__("invalid port number" if port else f"invalid {kind}")
        self.kind: HostKind = kind
        self.port = port


def parse_host(text: str) -> Host:
    """A host name, IPv4 or IPv6 address, with an optional port.

    Text of digits and dots only is read as IPv4, text with more than one colon as IPv6. Raises HostError.
    """
    if text.count(":") > 1:
        return _ipv6(text)
    name, colon, _ = text.partition(":")
    if _NUMERIC.fullmatch(name if colon else text):
        return _ipv4(text)
    return _name(text)


def is_plain_name(text: str) -> bool:
    """True for the usual dotted names without a port; False says nothing."""
    return _FAST_NAME.fullmatch(text) is not None and not _NUMERIC.fullmatch(text)


def _ipv4(text: str) -> Host:
    found = _IPV4.fullmatch(text)
    if found is None:
        raise HostError("ipv4")
    return Host("ipv4", found["host"], _port("ipv4", found["port"]))


def explode(text: str) -> str:
    """An IPv6 address as eight groups of four digits, on every Python (3.13 has dots in addresses that map IPv4).

    Raises AddressValueError.
    """
    address = IPv6Address(text)
    scope = f"%{address.scope_id}" if address.scope_id else ""
    return address.packed.hex(":", 2) + scope


def _ipv6(text: str) -> Host:
    found = _BRACKETED.fullmatch(text)
    host, port = (found["host"], found["port"]) if found else (text, None)
    try:
        exploded = explode(host)
    except AddressValueError:
        raise HostError("ipv6") from None
    if "%" in host:
        raise HostError("ipv6")
    return Host("ipv6", exploded, _port("ipv6", port))


def _name(text: str) -> Host:
    found = _WITH_PORT.fullmatch(text)
    host, port = (found["host"], found["port"]) if found else (text, None)
    if not _NAME.fullmatch(host):
        raise HostError("name")
    labels = host.split(".")
    if len(labels) > 1 and labels[-1] == "":
        labels.pop()
    if any(not label or label.endswith("-") for label in labels):
        raise HostError("name")
    return Host("name", host, _port("name", port))


def _port(kind: HostKind, digits: str | None) -> int | None:
    if digits is None:
        return None
    if len(digits) > 5 or int(digits) > _MAX_PORT:
        raise HostError(kind, port=True)
    return int(digits)
