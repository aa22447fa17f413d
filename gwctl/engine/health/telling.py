"""What is told about the health of an upstream's targets, and marks of people (proxy.md 7)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Any

from gwctl.engine.balancer.addresses import TargetAddress
from gwctl.engine.balancer.status import details
from gwctl.engine.balancer.targets import Target
from gwctl.engine.balancer.upstream import UpstreamBalancer
from gwctl.engine.health.availability import AddressId, NodeHealth
from gwctl.kit.hosts import parse_host

_DEFAULT_PORT = 8000


def told(balancer: UpstreamBalancer, health: NodeHealth, targets: Sequence[str]) -> dict[str, Any]:
    """Of the whole upstream ``healthy`` and ``weight``, whether it is ``checked``; ``hosts`` for these target texts."""
    whole = balancer.details()
    hosts = {(host["host"], host["port"]): host for host in whole["hosts"]}
    checks = health.checks(balancer.id)
    return {
        "checked": checks is not None and checks.on,
        "healthy": whole["healthy"],
        "weight": whole["weight"],
        "hosts": [_host(hosts, text) for text in targets],
    }


def _host(hosts: dict[tuple[str, int], dict[str, Any]], text: str) -> dict[str, Any]:
    """Of a target that is not served yet, what can be said without asking anybody."""
    unknown: dict[str, Any] = details([Target({"target": text})], healthy=True)["hosts"][0]
    return hosts.get((unknown["host"], unknown["port"]), unknown)


def mark(
    balancer: UpstreamBalancer, health: NodeHealth, target: str, address: str | None, *, healthy: bool
) -> str | None:
    """Set the health of a target's addresses, or of one of them; returns what is wrong, None when it is done.

    ``address`` is ``ip:port``, or ``name:port`` for a name that is looked up for each request.
    """
    addresses = list(balancer.addresses_of(target))
    if address is not None:
        try:
            addresses = [each for each in addresses if _is(each, address)]
        except ValueError:
            return f"'{address}' is no address"
        if not addresses:
            return f"target '{target}' has no address '{address}'"
    if not addresses:
        return f"no address is known for target '{target}'"
    _mark_all(balancer.id, health, addresses, healthy=healthy)
    return None


def _mark_all(upstream_id: str, health: NodeHealth, addresses: Iterable[TargetAddress], *, healthy: bool) -> None:
    for each in addresses:
        health.mark(upstream_id, AddressId(each.ip, each.port, each.host), healthy=healthy)


def _is(known: TargetAddress, text: str) -> bool:
    """Whether ``text`` names this address. Raises ValueError."""
    wanted = parse_host(text)
    if (wanted.port or _DEFAULT_PORT) != known.port:
        return False
    if wanted.kind == "name":
        return wanted.host.lower() == known.ip.lower()
    try:
        return ipaddress.ip_address(wanted.host.strip("[]")) == ipaddress.ip_address(known.ip)
    except ValueError:
        return False
