"""Health of targets from what a balancer knows, in the reference's shapes (admin-api.md 2.7). Sans-IO.

The balancer of this node checks nobody's health, so whatever has an address counts as available: HEALTHCHECKS_OFF.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gwctl.admin.ports import Addresses
from gwctl.kit.hosts import parse_host
from gwctl.schema import RecordDict

OFF = "HEALTHCHECKS_OFF"
DNS_ERROR = "DNS_ERROR"
_NO_ADDRESS = "dns server error: no address is known for this name"


def host_and_port(target: RecordDict) -> tuple[str, int]:
    """The canonical text of a target always has a port."""
    parsed = parse_host(target["target"])
    return parsed.host, parsed.port or 0


def with_health(targets: Sequence[RecordDict], known: Addresses) -> list[dict[str, Any]]:
    """The targets of a page with ``health`` and ``data``."""
    shown = []
    for target in targets:
        data = _host(target, known, {"health": OFF})
        shown.append({**target, "health": OFF if data["addresses"] else DNS_ERROR, "data": data})
    return shown


def balancer_health(upstream: RecordDict, targets: Sequence[RecordDict], known: Addresses) -> dict[str, Any]:
    """The upstream as a whole."""
    hosts = [_host(target, known, {"healthy": True}) for target in targets]
    total = sum(host["weight"]["total"] for host in hosts)
    healthy = total > 0
    return {
        "id": upstream["id"],
        "health": OFF,
        "balancer_health": "HEALTHY" if healthy else "UNHEALTHY",
        "details": {"healthy": healthy, "weight": _weight(total), "hosts": hosts},
    }


def _host(target: RecordDict, known: Addresses, state: dict[str, Any]) -> dict[str, Any]:
    host, port = host_and_port(target)
    weight = target["weight"]
    addresses = [{"ip": ip, "port": port, "weight": weight, **state} for ip in known[host]]
    return {
        "host": host,
        "port": port,
        "dns": _record_type(known[host]),
        "nodeWeight": weight,
        "weight": _weight(weight * len(addresses)),
        "addresses": addresses,
    }


def _record_type(addresses: Sequence[str]) -> str:
    if not addresses:
        return _NO_ADDRESS
    return "AAAA" if ":" in addresses[0] else "A"


def _weight(total: int) -> dict[str, int]:
    return {"total": total, "available": total, "unavailable": 0}
