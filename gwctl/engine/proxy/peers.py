"""Who the client is: trusted peers and the real client address (proxy.md 2.3)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from gwctl.engine.http1.codec import RequestHead

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

UNIX = "unix:"
"""Stands for every peer on a Unix socket."""

_ITEM = re.compile(rb"[^ ,]+")
_BRACKETED = re.compile(r"\[([^\]]+)\](?::([0-9]{1,5}))?")
_WITH_PORT = re.compile(r"([^:]+):([0-9]{1,5})")
_LARGEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class TrustedPeers:
    """The setting ``trusted_ips``: addresses whose word about the client is believed. Empty trusts nobody.

    ``networks`` maps (IP version, netmask) to the networks with that mask, so that a look-up costs no more for many.
    """

    networks: Mapping[tuple[int, int], frozenset[int]] = field(default_factory=dict)
    unix: bool = False

    @classmethod
    def parse(cls, words: tuple[str, ...]) -> TrustedPeers:
        """From addresses, CIDR blocks and ``unix:``. Raises ValueError."""
        found: dict[tuple[int, int], set[int]] = {}
        for network in (ipaddress.ip_network(word, strict=False) for word in words if word != UNIX):
            key = network.version, int(network.netmask)
            found.setdefault(key, set()).add(int(network.network_address))
        return cls({key: frozenset(values) for key, values in found.items()}, UNIX in words)

    def __contains__(self, address: str) -> bool:
        if not address:
            return self.unix
        if not self.networks:
            return False
        try:
            ip = _unmapped(ipaddress.ip_address(address))
        except ValueError:
            return False
        number, version = int(ip), ip.version
        return any(
            version == of_version and number & mask in starts for (of_version, mask), starts in self.networks.items()
        )


def _unmapped(ip: _Address) -> _Address:
    """IPv4 clients of a listener for both versions have their address inside an IPv6 one."""
    return (ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else ip


def real_address(head: RequestHead, peer: str, trusted: TrustedPeers, header: bytes, *, recursive: bool) -> str:
    """The client address that ``header`` names, else ``peer``, which is trusted.

    Items are separated by commas or spaces. Reading goes from the right and ends at what is no address: whatever stands
    further left was written before it.
    """
    value = head.joined(header)
    if value is None:
        return peer
    found = peer
    for item in reversed(_ITEM.findall(value)):
        address = parse_address(item)
        if address is None:
            break
        found = address
        if not recursive or address not in trusted:
            break
    return found


def parse_address(text: bytes) -> str | None:
    """The IP address in ``text``, which may carry a port; None when it is none."""
    candidate = text.decode("latin-1")
    match = _BRACKETED.fullmatch(candidate) or _WITH_PORT.fullmatch(candidate)
    if match is not None:
        if match[2] is not None and int(match[2]) > _LARGEST_PORT:
            return None
        candidate = match[1]
    try:
        return str(_unmapped(ipaddress.ip_address(candidate)))
    except ValueError:
        return None
