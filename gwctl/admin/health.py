"""Health of targets from what a balancer knows, in the reference's shapes (admin-api.md 2.7). Sans-IO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gwctl.admin.ports import KnownHost, KnownUpstream
from gwctl.schema import RecordDict

HEALTHY, UNHEALTHY = "HEALTHY", "UNHEALTHY"
OFF = "HEALTHCHECKS_OFF"
DNS_ERROR = "DNS_ERROR"


def with_health(targets: Sequence[RecordDict], known: KnownUpstream) -> list[dict[str, Any]]:
    """The targets of a page with ``health`` and ``data``; the hosts of ``known`` are theirs, in their order."""
    return [
        {**target, "health": _health(host, checked=known["checked"]), "data": _data(host, checked=known["checked"])}
        for target, host in zip(targets, known["hosts"], strict=True)
    ]


def balancer_health(upstream: RecordDict, known: KnownUpstream) -> dict[str, Any]:
    """The upstream as a whole."""
    balanced = HEALTHY if known["healthy"] else UNHEALTHY
    return {
        "id": upstream["id"],
        "health": balanced if known["checked"] else OFF,
        "balancer_health": balanced,
        "details": {"healthy": known["healthy"], "weight": known["weight"], "hosts": known["hosts"]},
    }


def _health(host: KnownHost, *, checked: bool) -> str:
    if not host["addresses"]:
        return DNS_ERROR
    states = {_state(address, checked=checked) for address in host["addresses"]}
    return next(state for state in (HEALTHY, UNHEALTHY, OFF) if state in states)


def _state(address: Mapping[str, Any], *, checked: bool) -> str:
    """An address without weight is not checked."""
    if not checked or not address["weight"]:
        return OFF
    return HEALTHY if address["healthy"] else UNHEALTHY


def _data(host: KnownHost, *, checked: bool) -> dict[str, Any]:
    addresses = [
        {name: value for name, value in address.items() if name != "healthy"}
        | {"health": _state(address, checked=checked)}
        for address in host["addresses"]
    ]
    return {**host, "addresses": addresses}
