"""What a node does for the health of its upstreams, in the one process that writes its cache: probes, and the keeping
of the table that all its processes share."""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import Iterator
from typing import Any

from gwctl.cache import CacheReader
from gwctl.engine.balancer.dns.answers import NameNotResolved, literal
from gwctl.engine.balancer.dns.config import dns_config
from gwctl.engine.balancer.dns.resolver import Resolver
from gwctl.engine.balancer.registry import Balancers
from gwctl.engine.health.availability import AddressId
from gwctl.engine.health.keeping import Keeping
from gwctl.engine.health.probe_tls import ProbeContexts
from gwctl.engine.health.prober import Prober
from gwctl.engine.tls.defaults import tls_defaults
from gwctl.engine.tls.upstream import UpstreamTls
from gwctl.kit.clock import SystemClock
from gwctl.kit.errors import GwctlError
from gwctl.kit.tasks import Tasks
from gwctl.node.node_health import node_health
from gwctl.node.plan import Assignment
from gwctl.node.resolving import resolver
from gwctl.vaults import Resolved

KEEP_SECONDS = 1.0
PAUSE_SECONDS = 0.25
"""Between two looks at the cache: a stream of changes is followed in batches."""
_SLICE = 200
_ENTITIES = frozenset(("upstreams", "targets", "certificates"))

_log = logging.getLogger("gwctl.node")


class HealthKeeper:
    """``start`` once the cache is open, ``changed`` whenever it holds another version."""

    def __init__(self, assignment: Assignment) -> None:
        settings, clock = assignment.settings, SystemClock()
        self._settings = settings
        self._clock = clock
        self._health = node_health(assignment, clock)
        self._resolved = resolver(settings, os.environ)
        self._tasks = Tasks(_log)
        self._news = asyncio.Event()
        self._view: Resolved | None = None
        self._whole = False
        self._reader: CacheReader | None = None
        self._balancers: Balancers | None = None
        self._contexts = ProbeContexts(UpstreamTls(tls_defaults(settings)))
        self._prober = Prober(self._health, self._addresses, self._contexts, clock, random.Random(), self._locate)
        recovery = settings.number("passive_recovery") or 0.0
        self._keeping = Keeping(self._health, self._addresses, clock, recovery=recovery)

    def start(self, reader: CacheReader) -> None:
        """Follow the cache, probe, and keep the table, for ever; ``reader`` is this object's own from now on."""
        self._reader = reader
        now = self._clock.monotonic
        self._balancers = Balancers(Resolver(dns_config(self._settings), now), self._health, random.Random(), now)
        self._news.set()
        self._tasks.spawn("health", self._follow(self._balancers))
        self._tasks.spawn("probes", self._prober.run())
        self._tasks.spawn("keeping", self._keep())

    def changed(self) -> None:
        """The cache holds another version."""
        self._news.set()

    async def close(self) -> None:
        await self._tasks.close()
        await self._prober.close()
        if self._balancers is not None:
            await self._balancers.close()
        if self._view is not None:
            self._view.close()
        if self._reader is not None:
            self._reader.close()

    async def _follow(self, balancers: Balancers) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._read(balancers)
            except GwctlError as error:
                _log.error("cannot read the upstreams of the cache: %s", error)
                await self._again()
            except Exception:  # a mistake of ours must not end the probes of this node for good
                _log.exception("cannot read the upstreams of the cache")
                await self._again()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _again(self) -> None:
        """All of it: what was read of the version that failed is not known."""
        self._whole = True
        await asyncio.sleep(KEEP_SECONDS)
        self._news.set()

    async def _read(self, balancers: Balancers) -> None:
        """Take over the upstreams and targets of the version that the cache holds now."""
        if self._reader is None:
            return
        self._reader.refresh()
        before, view = self._view, self._resolved(self._reader.view())
        self._view = view
        changed = None if before is None or self._whole else view.changed_since(before)
        self._contexts.read(view)
        if before is not None:
            before.close()
        if changed is not None and not any(entity in _ENTITIES for entity, _ in changed):
            return
        targets: dict[str, list[dict[str, Any]]] = {}
        async for record in _gently(view.records("targets")):
            targets.setdefault(record["upstream"]["id"], []).append(record)
        upstreams = [record async for record in _gently(view.records("upstreams"))]
        balancers.sync((record, targets.get(record["id"], [])) for record in upstreams)
        self._whole = False
        self._prober.look()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            try:
                self._keeping.tick()
                self._prober.look()  # names resolve to other addresses now and then
            except Exception:  # the next look may be better
                _log.exception("the health of upstreams is not kept for now")

    def _addresses(self, upstream_id: str) -> Iterator[tuple[AddressId, int]]:
        balancer = None if self._balancers is None else self._balancers.get(upstream_id)
        for each in () if balancer is None else balancer.addresses:
            yield AddressId(each.ip, each.port, each.host), each.weight

    async def _locate(self, address: AddressId) -> tuple[str, int]:
        """Where an address is now: an SRV record may name a host. Raises OSError."""
        if self._balancers is None or literal(address.ip) is not None:
            return address.ip, address.port
        try:
            located = await self._balancers.resolver.locate(address.ip)
        except NameNotResolved as failure:
            raise OSError(str(failure)) from None
        return located.ip, located.port or address.port


async def _gently(records: Iterator[dict[str, Any]]) -> Any:
    """The records, with turns for others in between."""
    for number, record in enumerate(records):
        if number % _SLICE == _SLICE - 1:
            await asyncio.sleep(0)
        yield record
