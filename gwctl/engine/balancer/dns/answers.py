"""What a name resolves to."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Sequence
from dataclasses import dataclass

from gwctl.engine.balancer.turns import Turns

_LONGEST_WHEEL = 4096

EMPTY = "dns client error: 101 empty record received"
NO_NAME = "dns server error: 3 name error"
LOOP = "recursion detected"


class NameNotResolved(Exception):
    """No address is known for a name. ``gone``: its servers say that there is none; otherwise nobody could tell."""

    def __init__(self, name: str, reason: str, *, gone: bool) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason
        self.gone = gone


@dataclass(frozen=True, slots=True)
class Record:
    """An address, or for SRV a name or address with its port; ``weight`` is never 0."""

    value: str
    port: int = 0
    weight: int = 1
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """Records of one ``type`` (A, AAAA, SRV), of an SRV answer only those with the lowest priority; at least one.

    ``ttl`` in seconds as the answer had it; 0 means that it is for one use.
    """

    type: str
    records: tuple[Record, ...]
    ttl: float


@dataclass(frozen=True, slots=True)
class Located:
    """One address for one use; ``port`` is 0 unless SRV gives one, ``name`` the name that has this address."""

    ip: str
    port: int
    name: str


class Rotation:
    """The records of an answer in turn, by weight."""

    __slots__ = ("_at", "_wheel")

    def __init__(self, records: Sequence[Record]) -> None:
        weights = [record.weight for record in records]
        length = sum(weights) // math.gcd(*weights)
        turns = Turns(records)
        self._wheel = [turns.next() for _ in range(min(length, _LONGEST_WHEEL))]
        self._at = -1

    def next(self) -> Record:
        self._at = (self._at + 1) % len(self._wheel)
        return self._wheel[self._at]


def literal(host: str) -> str | None:
    """``host`` when it is an IP address (without brackets), else None."""
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return None
