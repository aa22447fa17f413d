"""One target and the addresses it stands for: what an answer of DNS makes of it (proxy.md 6.2). Without IO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gwctl.engine.balancer.addresses import TargetAddress
from gwctl.engine.balancer.dns.answers import Answer, NameNotResolved, literal
from gwctl.kit.hosts import parse_host

_TARGET_PORT = 8000
_TARGET_WEIGHT = 100
VIRTUAL = "ttl=0, virtual SRV"


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: after an answer has expired, for a name whose answers are for one use, for one without an answer."""

    expired: float = 0.5
    virtual: float = 60.0
    unresolved: float = 30.0


@dataclass(frozen=True, slots=True)
class Spec:
    """One address as it should be."""

    ip: str
    port: int
    host: str | None
    weight: int
    virtual: bool = False


class Target:
    """A target with its addresses; ``dns`` is what they come from, an error when there are none.

    ``addresses`` that stay keep their identity, and with it their counts, averages and health.
    """

    def __init__(self, record: Mapping[str, Any]) -> None:
        parsed = parse_host(record["target"])
        self.ip = literal(parsed.host)
        self.name = self.ip or parsed.host
        self.port = _TARGET_PORT if parsed.port is None else parsed.port
        self.weight = _weight(record)
        self.dns = ("AAAA" if ":" in self.ip else "A") if self.ip else ""
        self.looked_up = self.ip is not None
        self.addresses: list[TargetAddress] = []
        self._answer: Answer | None = None
        self._srv_name = False
        self._apply()

    def configure(self, record: Mapping[str, Any], *, srv_name: bool) -> bool:
        """Take over the weight of ``record``, and whether SRV addresses go by their own names. True when others now."""
        weight = _weight(record)
        if (weight, srv_name) == (self.weight, self._srv_name):
            return False
        self.weight, self._srv_name = weight, srv_name
        return self._apply()

    def resolved(self, answer: Answer) -> bool:
        """Its name has this answer. True when the addresses or weights are others now."""
        self._answer = answer
        self.dns = VIRTUAL if answer.ttl <= 0 else answer.type
        self.looked_up = True
        return self._apply()

    def unresolved(self, failure: NameNotResolved) -> bool:
        """Its name has no answer. True when the addresses are others now."""
        self._answer = None
        self.dns = failure.reason
        self.looked_up = True
        return self._apply()

    def _apply(self) -> bool:
        """In place: what is the same in any order stays."""
        known = {(each.ip, each.port, each.host): each for each in self.addresses}
        addresses, changed = [], False
        for spec in self._specs():
            address = known.pop((spec.ip, spec.port, spec.host), None)
            if address is None or address.virtual != spec.virtual:
                address = TargetAddress(spec.ip, spec.port, spec.host, spec.weight, virtual=spec.virtual)
                changed = True
            elif address.weight != spec.weight:
                address.weight = spec.weight
                changed = True
            addresses.append(address)
        changed = changed or bool(known)
        if changed:
            self.addresses = addresses
        return changed

    def _specs(self) -> list[Spec]:
        if self.ip is not None:
            return [Spec(self.ip, self.port, None, self.weight)]
        answer = self._answer
        if answer is None:
            return []
        if answer.ttl <= 0:
            return [Spec(self.name, self.port, self.name, self.weight, virtual=True)]
        if answer.type != "SRV":
            return [Spec(record.value, self.port, self.name, self.weight) for record in answer.records]
        return [
            Spec(
                literal(record.value) or record.value,
                record.port or self.port,
                record.value if self._srv_name else self.name,
                # a target without weight is out of use, whatever its records say
                record.weight if self.weight else 0,
                virtual=literal(record.value) is None,
            )
            for record in answer.records
        ]


def next_look(answer: Answer | None, fresh_seconds: float, pace: Pace) -> float:
    """Seconds until a name is looked up again after this answer (None: without one)."""
    if answer is None:
        return pace.unresolved
    return pace.virtual if answer.ttl <= 0 else fresh_seconds + pace.expired


def _weight(record: Mapping[str, Any]) -> int:
    weight = record.get("weight")
    return _TARGET_WEIGHT if weight is None else int(weight)
