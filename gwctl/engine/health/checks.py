"""The health checks of an upstream, read from its record once (proxy.md 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gwctl.engine.health.machine import Event

HTTP, HTTPS, TCP = "http", "https", "tcp"
_GATEWAY_TIMEOUT = 504


@dataclass(frozen=True, slots=True)
class Triggers:
    """Which statuses mean what, and how often in a row something has to happen (0: it does not count)."""

    healthy_statuses: frozenset[int]
    unhealthy_statuses: frozenset[int]
    limits: Mapping[Event, int]

    def status(self, status: int) -> Event | None:
        """What an answer with ``status`` tells; None: nothing."""
        if status == _GATEWAY_TIMEOUT and self.limits[Event.TIMEOUT]:
            return Event.TIMEOUT  # as the reference counts it, whoever said so
        if status in self.healthy_statuses:
            return Event.SUCCESS
        return Event.HTTP_FAILURE if status in self.unhealthy_statuses else None

    @property
    def any(self) -> bool:
        return any(self.limits.values())


@dataclass(frozen=True, slots=True)
class Active:
    """Probes. An interval of 0 turns probes off for addresses in that state; ``timeout`` is in seconds."""

    kind: str
    timeout: float
    concurrency: int
    path: str
    sni: str | None
    verify: bool
    headers: tuple[tuple[str, str], ...]
    healthy_interval: float
    unhealthy_interval: float
    triggers: Triggers

    @property
    def on(self) -> bool:
        return self.healthy_interval > 0 or self.unhealthy_interval > 0

    def interval(self, *, down: bool) -> float:
        return self.unhealthy_interval if down else self.healthy_interval


@dataclass(frozen=True, slots=True)
class Checks:
    """``threshold`` is the percentage of weight that must be exceeded; ``host_header`` goes to probes too."""

    upstream_id: str
    upstream_name: str
    threshold: float
    active: Active
    passive: Triggers
    host_header: str | None = None
    client_certificate: str | None = None

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Checks:
        """The checks of a record of ``upstreams``."""
        declared = record.get("healthchecks") or {}
        certificate = record.get("client_certificate")
        return cls(
            upstream_id=record["id"],
            upstream_name=record["name"],
            threshold=declared.get("threshold") or 0,
            active=_active(declared.get("active") or {}),
            passive=_triggers(declared.get("passive") or {}),
            host_header=record.get("host_header"),
            client_certificate=certificate["id"] if certificate else None,
        )

    @property
    def on(self) -> bool:
        """Whether the upstream uses health checks: the reference shows HEALTHCHECKS_OFF otherwise."""
        return self.active.on or self.passive.any


def _active(declared: Mapping[str, Any]) -> Active:
    headers = declared.get("headers") or {}
    return Active(
        kind=declared.get("type") or HTTP,
        timeout=declared.get("timeout") or 1.0,
        concurrency=declared.get("concurrency") or 10,
        path=declared.get("http_path") or "/",
        sni=declared.get("https_sni"),
        verify=declared.get("https_verify_certificate") is not False,
        headers=tuple((name, value) for name, values in headers.items() for value in values),
        healthy_interval=(declared.get("healthy") or {}).get("interval") or 0.0,
        unhealthy_interval=(declared.get("unhealthy") or {}).get("interval") or 0.0,
        triggers=_triggers(declared),
    )


def _triggers(declared: Mapping[str, Any]) -> Triggers:
    healthy, unhealthy = declared.get("healthy") or {}, declared.get("unhealthy") or {}
    return Triggers(
        healthy_statuses=frozenset(healthy.get("http_statuses") or ()),
        unhealthy_statuses=frozenset(unhealthy.get("http_statuses") or ()),
        limits={
            Event.SUCCESS: healthy.get("successes") or 0,
            Event.HTTP_FAILURE: unhealthy.get("http_failures") or 0,
            Event.TCP_FAILURE: unhealthy.get("tcp_failures") or 0,
            Event.TIMEOUT: unhealthy.get("timeouts") or 0,
        },
    )
