"""Keeping the table of health: what belongs to nobody any more is forgotten, what nobody heals gets another chance."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from gwctl.engine.health.availability import Addresses, NodeHealth
from gwctl.engine.health.checks import Checks
from gwctl.engine.health.machine import Standing
from gwctl.engine.shared.health_table import DOWN, OFFERED, TAKEN, Entry, Key
from gwctl.engine.shared.stripes import Busy
from gwctl.kit.clock import Clock

RETENTION_SECONDS = 300.0
"""How long the health of an address outlives its configuration (proxy.md 7)."""
TRIAL_SECONDS = 60.0
"""A trial request whose end nobody told by then is given up."""
MOST_DOUBLINGS = 5
"""The wait before a trial doubles with each that failed, up to 32 times of what it was."""

_log = logging.getLogger("gwctl.engine")


class Keeping:
    """``recovery`` is the time in seconds after which an address that only passive checks know gets one request as a
    trial; 0: never."""

    def __init__(
        self,
        health: NodeHealth,
        addresses: Addresses,
        clock: Clock,
        *,
        recovery: float = 0.0,
    ) -> None:
        self._health = health
        self._addresses = addresses
        self._clock = clock
        self._recovery = recovery

    def tick(self) -> None:
        """To be called about every second."""
        try:
            self._health.table.mend()
            entries = list(self._health.table.entries())
            if entries:
                self._look_at(entries, self._owners(), self._clock.now())
        except Busy as error:
            _log.warning("the table of health is not kept for now: %s", error)

    def _owners(self) -> Mapping[Key, Checks]:
        """Whose the addresses are that are configured now."""
        key = self._health.key
        return {
            key(checks.upstream_id, address): checks
            for checks in self._health.upstreams
            for address, _ in self._addresses(checks.upstream_id)
        }

    def _look_at(self, entries: Iterable[Entry], owners: Mapping[Key, Checks], now: float) -> None:
        for entry in entries:
            owner = owners.get(entry.key)
            if owner is None:
                self._left(entry, now)
                continue
            if entry.gone_since:
                self._health.table.mark_gone(entry, None)
            if self._may_try(owner, entry, now):
                self._health.table.offer_trial(entry.key, now)

    def _left(self, entry: Entry, now: float) -> None:
        """Nobody has this address configured."""
        if not entry.gone_since:
            self._health.table.mark_gone(entry, now)
        elif now - entry.gone_since / 1000 >= RETENTION_SECONDS:
            self._health.table.forget(entry)

    def _may_try(self, owner: Checks, entry: Entry, now: float) -> bool:
        if not self._recovery or not entry.record & DOWN or entry.trial == OFFERED:
            return False
        standing = Standing.unpack(entry.record)
        if standing.manual or owner.active.unhealthy_interval or not owner.on:
            return False
        if entry.trial == TAKEN:
            return now - entry.trial_at / 1000 >= max(TRIAL_SECONDS, self._recovery)
        wait = self._recovery * (1 << min(standing.attempts, MOST_DOUBLINGS))
        return now - entry.changed / 1000 >= wait
