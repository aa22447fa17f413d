"""One response of a name server, read: which of its records answer the question (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gwctl.engine.balancer.dns.answers import LOOP, Answer, NameNotResolved, Record

_MOST_RECORDS = 1000
_MOST_TTL = 7 * 86400.0


@dataclass(frozen=True, slots=True)
class Found:
    """A record of a response: ``name`` lower case without a final dot; ``value`` of a CNAME is its target."""

    name: str
    type: str
    ttl: int
    value: str
    port: int = 0
    weight: int = 0
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The name is an alias, and the response does not tell of what."""

    name: str
    ttl: float


def read(name: str, wanted: str, records: Iterable[Found]) -> Answer | Elsewhere | None:
    """The ``wanted`` records of ``name``, by way of its aliases; None when there are none.

    Records of other names are nobody's business here and are not believed. Raises NameNotResolved for aliases in a
    circle.
    """
    rows = list(records)
    aliases = {row.name: row for row in rows if row.type == "CNAME"}
    owner, ttl, seen = canonical(name), _MOST_TTL, set()
    while owner in aliases:
        if owner in seen:
            raise NameNotResolved(name, LOOP, gone=False)
        seen.add(owner)
        ttl = min(ttl, aliases[owner].ttl)
        owner = canonical(aliases[owner].value)
    found = [row for row in rows if row.type == wanted and row.name == owner][:_MOST_RECORDS]
    if not found:
        return Elsewhere(owner, ttl) if seen else None
    ttl = min([ttl, *(row.ttl for row in found)])
    best = min(row.priority for row in found)
    unique = dict.fromkeys(
        Record(canonical(row.value) if wanted == "SRV" else row.value, row.port, max(row.weight, 1), row.priority)
        for row in found
        if row.priority == best
    )
    return Answer(wanted, tuple(unique), max(ttl, 0.0))


def canonical(name: str) -> str:
    """Names are equal whatever their case and their final dot."""
    return name.lower().rstrip(".")


def candidates(name: str, search: Iterable[str], ndots: int) -> list[str]:
    """The full names that ``name`` may stand for, in the order in which they are tried (resolv.conf(5))."""
    if name.endswith("."):
        return [canonical(name)]
    plain = canonical(name)
    longer = [f"{plain}.{domain}" for domain in search]
    return [plain, *longer] if plain.count(".") >= ndots else [*longer, plain]
