"""The health of a node's addresses as one process sees it: what its balancer asks, and what its requests tell.

The truth is in the table that the node's processes share, so a failure seen by one worker counts for all.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from gwctl.engine.balancer.ports import Broken, Outcome
from gwctl.engine.health.checks import Checks, Triggers
from gwctl.engine.health.machine import FRESH, Event, after, is_manual, marked, tried
from gwctl.engine.shared.health_table import DOWN, TAKEN, HealthTable, Key
from gwctl.engine.shared.memory import SharedMemory
from gwctl.kit.clock import Clock
from gwctl.observe.logs import NOTICE

_log = logging.getLogger("gwctl.engine")

_BROKEN: Mapping[Broken, Event] = {Broken.TCP: Event.TCP_FAILURE, Broken.TIMEOUT: Event.TIMEOUT}


class AddressId(NamedTuple):
    """An address of an upstream; ``host`` is the name it was configured by, None for an address as such."""

    ip: str
    port: int
    host: str | None

    def __str__(self) -> str:
        ip = f"[{self.ip}]" if ":" in self.ip else self.ip
        return f"{ip}:{self.port}" + (f" ({self.host})" if self.host else "")


Addresses = Callable[[str], Iterable[tuple[AddressId, int]]]
"""The addresses of an upstream, by its id, with their weights."""


def key_of(upstream_name: str, address: AddressId) -> Key:
    """The key in the shared table. It goes by the upstream's name, so that one that is deleted and made again finds
    what was known (proxy.md 7)."""
    text = "\0".join((upstream_name, address.ip, str(address.port), address.host or ""))
    digest = hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")


class NodeHealth:
    """Implements `gwctl.engine.balancer.ports.Availability`, and writes what probes and people say.

    Of an upstream that was never configured here everything is up.
    """

    def __init__(self, memory: SharedMemory, clock: Clock) -> None:
        self.memory = memory
        self.table = HealthTable(memory)
        self._clock = clock
        self._checks: dict[str, Checks] = {}
        self._keys: dict[str, dict[AddressId, Key]] = {}

    # What upstreams there are

    def configure(self, record: Mapping[str, Any]) -> None:
        checks = Checks.of(record)
        old = self._checks.get(checks.upstream_id)
        if old is None or old.upstream_name != checks.upstream_name:
            self._keys[checks.upstream_id] = {}
        self._checks[checks.upstream_id] = checks

    def drop(self, upstream_id: str) -> None:
        self._checks.pop(upstream_id, None)
        self._keys.pop(upstream_id, None)

    def checks(self, upstream_id: str) -> Checks | None:
        """How the upstream is checked; None when it is not known here."""
        return self._checks.get(upstream_id)

    @property
    def upstreams(self) -> Iterable[Checks]:
        return self._checks.values()

    # What a balancer asks

    @property
    def epoch(self) -> int:
        return self.table.epoch

    def up(self, upstream_id: str, ip: str, port: int, host: str | None) -> bool:
        checks = self._checks.get(upstream_id)
        if checks is None:
            return True
        record = self.table.record(self.key(upstream_id, AddressId(ip, port, host)))
        # without checks only what a person took out is out
        return not record & DOWN or not (checks.on or is_manual(record))

    def offers(self, upstream_id: str, ip: str, port: int, host: str | None) -> bool:
        if upstream_id not in self._checks:
            return False
        return self.table.offers(self.key(upstream_id, AddressId(ip, port, host)))

    def take(self, upstream_id: str, ip: str, port: int, host: str | None) -> bool:
        return self.table.take_trial(self.key(upstream_id, AddressId(ip, port, host)), self._clock.now())

    def listens(self, upstream_id: str) -> bool:
        checks = self._checks.get(upstream_id)
        return checks is not None and checks.on and (checks.passive.any or not checks.active.unhealthy_interval)

    def report(self, upstream_id: str, ip: str, port: int, host: str | None, outcome: Outcome) -> None:
        checks = self._checks.get(upstream_id)
        if checks is None:
            return
        event = _passive(checks.passive, outcome)
        if event is None and outcome.status is None:
            return  # the client went, or it ended in another way that says nothing about the upstream
        address = AddressId(ip, port, host)
        well = event is None or event is Event.SUCCESS
        record = self.table.record(self.key(upstream_id, address))
        if well and not record:
            return  # nothing is known that a success could change
        if record & DOWN and self._was_trial(checks, address, well=well):
            return
        if event is not None:
            self.count(checks, address, checks.passive, event)

    def _was_trial(self, checks: Checks, address: AddressId, *, well: bool) -> bool:
        """Whether this was the one request that a down address was given; its end decides alone."""
        entry = self.table.entry(self.key(checks.upstream_id, address))
        if entry is None or entry.trial != TAKEN:
            return False
        self._update(checks, address, lambda record: tried(record, well=well), "a trial request")
        return True

    # What probes and people say

    def count(self, checks: Checks, address: AddressId, triggers: Triggers, event: Event) -> None:
        """Something happened to the address: count it by the limits of ``triggers``."""
        limit = triggers.limits[event]
        if limit:
            self._update(checks, address, lambda record: after(record, event, limit), _SAID[event])

    def mark(self, upstream_id: str, address: AddressId, *, healthy: bool) -> None:
        """A person says so; counters begin anew."""
        checks = self._checks.get(upstream_id)
        if checks is not None:
            self._update(checks, address, lambda _: marked(healthy=healthy), "the Admin API")

    def record(self, upstream_id: str, address: AddressId) -> int:
        """What the table says of the address; 0 when nothing is known."""
        return self.table.record(self.key(upstream_id, address))

    def key(self, upstream_id: str, address: AddressId) -> Key:
        keys = self._keys.get(upstream_id)
        if keys is None:
            return key_of(upstream_id, address)
        key = keys.get(address)
        if key is None:
            if len(keys) >= _MOST_KEYS:  # names may resolve to ever new addresses
                keys.clear()
            key = keys[address] = key_of(self._checks[upstream_id].upstream_name, address)
        return key

    def _update(self, checks: Checks, address: AddressId, change: Callable[[int], int], who: str) -> None:
        key = self.key(checks.upstream_id, address)
        if self.table.update(key, change, self._clock.now(), fresh=FRESH):
            down = bool(self.table.record(key) & DOWN)
            level, word = (logging.WARNING, "unhealthy") if down else (NOTICE, "healthy")
            _log.log(level, "upstream %s: %s is %s now: %s", checks.upstream_name, address, word, who)


_MOST_KEYS = 10_000
_SAID: Mapping[Event, str] = {
    Event.SUCCESS: "enough successes",
    Event.HTTP_FAILURE: "too many answers with a status of failure",
    Event.TCP_FAILURE: "too many failed connections",
    Event.TIMEOUT: "too many timeouts",
}


def _passive(triggers: Triggers, outcome: Outcome) -> Event | None:
    """What a try that ended tells (proxy.md 7). A refused last try is a failed connection here, unlike there."""
    if outcome.failure is not None:
        return _BROKEN[outcome.failure]
    return None if outcome.status is None else triggers.status(outcome.status)
