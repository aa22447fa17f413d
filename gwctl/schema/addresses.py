"""Rules for hosts, addresses, server names and targets (admin-api.md 0.9)."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, NetmaskValueError

from gwctl.kit.hosts import Host, HostError, is_plain_name, parse_host
from gwctl.schema.fields import Attributes

_CIDR = re.compile(r"(?P<ip>[^/]+)/[0-9]{1,3}")
_DEFAULT_TARGET_PORT = 8000
_TARGET_TEXT = "not a valid hostname or ip address"


def host(text: str) -> str | None:
    """A host without a port."""
    if is_plain_name(text):
        return None
    try:
        parsed = parse_host(text)
    except HostError as error:
        return "must not have a port" if error.port else f"invalid value: {text}"
    return "must not have a port" if parsed.port is not None else None


def host_with_optional_port(text: str) -> str | None:
    if is_plain_name(text):
        return None
    try:
        parse_host(text)
    except HostError as error:
        return _unreadable_host(text, error)
    return None


def route_host(text: str) -> str | None:
    """A host with an optional port, or with one wildcard in place of the first or last label."""
    if is_plain_name(text):
        return None
    if text.count("*") > 1:
        return "invalid wildcard: must have at most one wildcard"
    if "*" in text and not (text.startswith("*.") or text.endswith(".*")):
        return "invalid wildcard: must be placed at leftmost or rightmost label"
    try:
        parse_host(text.replace("*", "wildcard"))
    except HostError as error:
        return _unreadable_host(text, error)
    return None


def _unreadable_host(text: str, error: HostError) -> str:
    if error.port:
        return "invalid port number"
    return f"invalid hostname: {text}" if error.kind == "name" else f"invalid value: {text}"


def sni(text: str) -> str | None:
    """A host name: neither an address nor with a port."""
    return None if is_plain_name(text) else _sni(text, text)


def wildcard_sni(text: str) -> str | None:
    """A server name with at most one ``*``, as its first or last character."""
    if is_plain_name(text):
        return None
    if "*" not in text:
        return _sni(text, text)
    if text.find("*") not in (0, len(text) - 1):
        return "wildcard must be leftmost or rightmost character"
    if text.count("*") > 1:
        return "only one wildcard must be specified"
    return _sni(text, text.replace("*", "wildcard"))


def _sni(text: str, name: str) -> str | None:
    try:
        parsed = parse_host(name)
    except HostError as error:
        return "must not have a port" if error.port else f"invalid value: {text}"
    if parsed.kind != "name":
        return "must not be an IP"
    return "must not have a port" if parsed.port is not None else None


def ip(text: str) -> str | None:
    return None if _is_address(text) else f"not an ip address: {text}"


def ip_or_cidr(text: str) -> str | None:
    if _is_address(text):
        return None
    if _CIDR.fullmatch(text):
        network = IPv6Network if ":" in text else IPv4Network
        try:
            network(text, strict=False)
        except (AddressValueError, NetmaskValueError, ValueError):
            return f"invalid ip or cidr range: '{text}'"
        return None
    return f"invalid ip or cidr range: '{text}'"


def ipv4_cidr(text: str) -> str | None:
    """An IPv4 address or range."""
    if ":" in text or ip_or_cidr(text) is not None:
        return f"invalid ipv4 cidr range: '{text}'"
    return None


def _is_address(text: str) -> bool:
    try:
        if ":" in text:
            return "%" not in text and IPv6Address(text) is not None
        return IPv4Address(text) is not None
    except AddressValueError:
        return False


def target(text: str) -> str | None:
    """A target as it is declared; the text of a refused one names it."""
    return None if _target(text) is not None else f"Invalid target ('{text}'); {_TARGET_TEXT}"


def canonical_target(text: str) -> str:
    """The stored form ``host:port``, port 8000 by default, IPv6 in full; ValueError when unreadable."""
    parsed = _target(text)
    if parsed is None:
        raise ValueError(f"Invalid target; {_TARGET_TEXT}")
    return parsed.with_port(_DEFAULT_TARGET_PORT)


def _target(text: str) -> Host | None:
    try:
        return parse_host(text)
    except HostError:
        return None


def upstream_name(text: str) -> str | None:
    try:
        parsed = parse_host(text)
    except HostError as error:
        reason = "no port allowed" if error.port and error.kind == "name" else "must be a valid hostname"
        return f"Invalid name ('{text}'); {reason}"
    if parsed.kind != "name":
        return f"Invalid name ('{text}'); no ip addresses allowed"
    return f"Invalid name ('{text}'); no port allowed" if parsed.port is not None else None


HOST: Attributes = {"check": host}
HOST_WITH_OPTIONAL_PORT: Attributes = {"check": host_with_optional_port}
ROUTE_HOST: Attributes = {"check": route_host}
SNI: Attributes = {"check": sni}
WILDCARD_SNI: Attributes = {"check": wildcard_sni}
HOST_REF: Attributes = {**HOST, "referenceable": True}
SNI_REF: Attributes = {**SNI, "referenceable": True}
IP: Attributes = {"check": ip}
IPV4_CIDR: Attributes = {"check": ipv4_cidr}
IP_OR_CIDR: Attributes = {"check": ip_or_cidr}
PORT: Attributes = {"between": (0, 65535)}
