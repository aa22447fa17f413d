"""Who the client is: trusted peers and the real client address (proxy.md 2.3)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from gwctl.engine.http1.codec import RequestHead

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class TrustedPeers:
    """The setting ``trusted_ips``: addresses whose word about the client is believed. Empty trusts nobody."""

    networks: tuple[_Network, ...] = ()
    unix: bool = False

    @classmethod
    def parse(cls, words: tuple[str, ...]) -> TrustedPeers:
        """From addresses, CIDR blocks and ``unix:``. Raises ValueError."""
        networks = tuple(ipaddress.ip_network(word, strict=False) for word in words if word != "unix:")
        return cls(networks, "unix:" in words)

    def __contains__(self, address: str) -> bool:
        if not self.networks:
            return False
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in self.networks)


def real_address(head: RequestHead, peer: str, trusted: TrustedPeers, header: bytes, *, recursive: bool) -> str:
    """The client address that ``header`` names, else ``peer``, which is trusted."""
    value = head.joined(header)
    if value is None:
        return peer
    found = peer
    for item in reversed(value.split(b",")):
        address = parse_address(item.strip())
        if address is None:
            break
        found = address
        if not recursive or address not in trusted:
            break
    return found


def parse_address(text: bytes) -> str | None:
    """The IP address in ``text``, which may carry a port; None when it is none."""
    candidate = text.decode("latin-1")
    if candidate.startswith("["):
        candidate = candidate[1:].partition("]")[0]
    elif candidate.count(":") == 1:
        candidate = candidate.partition(":")[0]
    try:
        return str(ipaddress.ip_address(candidate))
    except ValueError:
        return None
