"""All balancers of one worker. They live in the engine, longer than snapshots."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

from gwctl.engine.balancer.algorithms import algorithm_of
from gwctl.engine.balancer.dns.resolver import Resolver
from gwctl.engine.balancer.hosts import host_source
from gwctl.engine.balancer.peers import PeerSource
from gwctl.engine.balancer.ports import Availability
from gwctl.engine.balancer.targets import Pace
from gwctl.engine.balancer.upstream import Record, Surroundings, UpstreamBalancer
from gwctl.kit.tasks import Tasks

_log = logging.getLogger("gwctl.engine")


class Balancers:
    """One balancer per upstream id. Belongs to one event loop. ``now`` is monotonic seconds.

    A plan under construction takes its source by ``upstream`` or ``host``; what the source balances over changes only
    when ``update``, ``remove`` or ``sync`` is called, at the swap of the snapshot. Counters, averages and positions
    survive changes. A balancer that was removed goes on serving the requests that still hold it.
    """

    def __init__(
        self,
        resolver: Resolver,
        availability: Availability,
        rng: random.Random,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.resolver = resolver
        self.availability = availability
        self._tasks = Tasks(_log)
        self._around = Surroundings(
            resolver, availability, self._tasks, lambda record: algorithm_of(record, now, rng), Pace(), sleep
        )
        self._by_id: dict[str, UpstreamBalancer] = {}

    def upstream(self, upstream_id: str) -> UpstreamBalancer:
        """The balancer of an upstream, an empty one when it is new."""
        balancer = self._by_id.get(upstream_id)
        if balancer is None:
            balancer = self._by_id[upstream_id] = UpstreamBalancer(upstream_id, self._around)
        return balancer

    def get(self, upstream_id: str) -> UpstreamBalancer | None:
        """The balancer of an upstream, None when there is none."""
        return self._by_id.get(upstream_id)

    def __iter__(self) -> Iterator[UpstreamBalancer]:
        return iter(list(self._by_id.values()))

    def host(self, host: str, port: int) -> PeerSource:
        """The source for a service's own host, an address or a name."""
        return host_source(host, port, self.resolver)

    def update(self, record: Record, targets: Sequence[Record]) -> None:
        """The upstream's record and all of its targets, as they are from now on. Costs little when nothing changed."""
        self.availability.configure(record)
        self.upstream(record["id"]).update(record, targets)

    def remove(self, upstream_id: str) -> None:
        """The upstream is gone."""
        balancer = self._by_id.pop(upstream_id, None)
        if balancer is not None:
            balancer.close()
        self.availability.drop(upstream_id)

    def sync(self, upstreams: Iterable[tuple[Record, Sequence[Record]]]) -> None:
        """``update`` each of ``upstreams`` and ``remove`` all others."""
        kept = set()
        for record, targets in upstreams:
            self.update(record, targets)
            kept.add(record["id"])
        for gone in self._by_id.keys() - kept:
            self.remove(gone)

    async def close(self) -> None:
        """Follow no names any more."""
        await self._tasks.close()
        await self.resolver.close()
