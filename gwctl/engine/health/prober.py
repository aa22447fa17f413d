"""The active probes of a node: one process sends them for all (proxy.md 7)."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Awaitable, Callable
from typing import Protocol

from gwctl.engine.health.availability import Addresses, AddressId, NodeHealth
from gwctl.engine.health.checks import HTTP, HTTPS, TCP, Checks
from gwctl.engine.health.machine import Event
from gwctl.engine.health.probe import ask, question
from gwctl.engine.health.schedule import Schedule
from gwctl.engine.shared.health_table import DOWN
from gwctl.kit.clock import Clock
from gwctl.kit.tasks import Tasks

TICK_SECONDS = 0.1
"""How often what other processes changed is looked at, while there is anything to probe."""
PROMPT_SECONDS = 0.5
"""A probe that takes longer gives its place to the next: targets that hang delay no others."""

_log = logging.getLogger("gwctl.engine")

ProbeId = tuple[str, AddressId]
"""The id of an upstream, and one of its addresses."""


Locate = Callable[[AddressId], Awaitable[tuple[str, int]]]
"""Where an address is now: some are names that are looked up for each use. Raises OSError."""


class ProbeTls(Protocol):
    """Contexts for https probes."""

    def context(self, checks: Checks) -> ssl.SSLContext:
        """With the verification and the client certificate that the upstream asks for."""
        ...


class Prober:
    """``look`` after every change of upstreams, targets or addresses; ``run`` for ever."""

    def __init__(
        self,
        health: NodeHealth,
        addresses: Addresses,
        tls: ProbeTls,
        clock: Clock,
        rng: random.Random,
        locate: Locate | None = None,
    ) -> None:
        self._health = health
        self._addresses = addresses
        self._tls = tls
        self._clock = clock
        self._locate = locate or _as_it_is
        self._schedule: Schedule[ProbeId] = Schedule(rng)
        self._lanes: dict[str, asyncio.Semaphore] = {}
        self._sizes: dict[str, int] = {}
        self._tasks = Tasks(_log)
        self._epoch = -1
        self._looked_at = -TICK_SECONDS
        self._wanted = False
        self._news = asyncio.Event()
        self._refused: set[str] = set()

    def look(self) -> None:
        """Find out what has to be probed, and how often."""
        self._epoch, self._looked_at = self._health.epoch, self._clock.monotonic()
        wanted: dict[ProbeId, float] = {}
        self._wanted = False
        for checks in self._health.upstreams:
            if not checks.active.on or not self._can(checks):
                continue
            self._wanted = True
            self._lane(checks)
            for address, weight in self._addresses(checks.upstream_id):
                if not weight:
                    continue  # it gets no requests
                down = bool(self._health.record(checks.upstream_id, address) & DOWN)
                interval = checks.active.interval(down=down)
                if interval:
                    wanted[checks.upstream_id, address] = interval
        self._schedule.keep(wanted, self._clock.monotonic())
        self._news.set()

    def _can(self, checks: Checks) -> bool:
        if checks.active.kind in (HTTP, HTTPS, TCP):
            return True
        if checks.upstream_id not in self._refused:
            self._refused.add(checks.upstream_id)
            _log.error(
                "upstream %s is not probed: there are no probes of type %s; use http, https or tcp",
                checks.upstream_name,
                checks.active.kind,
            )
        return False

    def _lane(self, checks: Checks) -> None:
        if self._sizes.get(checks.upstream_id) != checks.active.concurrency:
            self._sizes[checks.upstream_id] = checks.active.concurrency
            self._lanes[checks.upstream_id] = asyncio.Semaphore(checks.active.concurrency)

    async def run(self) -> None:
        """Send probes when they are due, for ever."""
        while True:
            now = self._clock.monotonic()
            # when many addresses fall together, each of them is news
            if self._health.epoch != self._epoch and now - self._looked_at >= TICK_SECONDS:
                self.look()
            for each in self._schedule.due(now):
                self._tasks.spawn(f"probe {each[1]}", self._probe(each))
            next_at = self._schedule.next_at()
            soon = TICK_SECONDS if next_at is None else min(TICK_SECONDS, max(0.0, next_at - now))
            # without upstreams that want probes only a new configuration is news
            await self._wait(soon if self._wanted else None)

    async def _wait(self, seconds: float | None) -> None:
        self._news.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return

    async def close(self) -> None:
        """Give up the probes under way."""
        await self._tasks.close()

    async def _probe(self, each: ProbeId) -> None:
        try:
            lane = self._lanes[each[0]]
            async with lane:
                probe = self._tasks.spawn(f"ask {each[1]}", self._ask(each))
                await asyncio.wait({probe}, timeout=PROMPT_SECONDS)
            await asyncio.wait({probe})
        finally:
            self._schedule.done(each, self._clock.monotonic())
            self._news.set()

    async def _ask(self, each: ProbeId) -> None:
        upstream_id, address = each
        checks = self._health.checks(upstream_id)
        if checks is None:
            return
        said = await self._answer(checks, address)
        now = self._health.checks(upstream_id)
        if now is None or now.upstream_name != checks.upstream_name:
            return  # it was deleted or renamed meanwhile
        triggers = now.active.triggers
        event = said if isinstance(said, Event) else triggers.status(said)
        if event is not None:
            self._health.count(now, address, triggers, event)

    async def _answer(self, checks: Checks, address: AddressId) -> int | Event:
        active = checks.active
        tls = self._tls.context(checks) if active.kind == HTTPS else None
        host = checks.host_header or address.host or address.ip
        try:
            ip, port = await self._locate(address)
        except OSError:
            return Event.TCP_FAILURE
        return await ask(question(active, ip, port, host, tls))


async def _as_it_is(address: AddressId) -> tuple[str, int]:
    return address.ip, address.port
