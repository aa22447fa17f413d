"""What a balancer knows, as plain data for the health endpoints (proxy.md 7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gwctl.engine.balancer.addresses import TargetAddress
from gwctl.engine.balancer.targets import Target


@dataclass(frozen=True, slots=True)
class Weight:
    """Sums over addresses; ``available`` are those that are up."""

    total: int = 0
    available: int = 0

    def as_dict(self) -> dict[str, int]:
        return {"total": self.total, "available": self.available, "unavailable": self.total - self.available}


def weight_of(addresses: Iterable[TargetAddress]) -> Weight:
    """The weight of ``addresses``."""
    total = available = 0
    for each in addresses:
        total += each.weight
        if each.up:
            available += each.weight
    return Weight(total, available)


def is_healthy(weight: Weight, threshold: float) -> bool:
    """Whether more than ``threshold`` per cent of the weight is available; never without weight (proxy.md 6.3)."""
    return weight.total > 0 and weight.available * 100 > threshold * weight.total


def details(targets: Iterable[Target], *, healthy: bool) -> dict[str, Any]:
    """The status tree of an upstream: ``healthy``, ``weight``, ``hosts`` with their addresses."""
    hosts = [_host(target) for target in targets]
    every = weight_of(address for target in targets for address in target.addresses)
    return {"healthy": healthy, "weight": every.as_dict(), "hosts": hosts}


def _host(target: Target) -> dict[str, Any]:
    return {
        "host": shown(target.name),
        "port": target.port,
        "dns": target.dns,
        "nodeWeight": target.weight,
        "weight": weight_of(target.addresses).as_dict(),
        "addresses": [
            {"ip": shown(each.ip), "port": each.port, "healthy": each.up, "weight": each.weight}
            for each in target.addresses
        ],
    }


def shown(host: str) -> str:
    """A host as people write it: brackets around IPv6."""
    return f"[{host}]" if ":" in host else host
