"""All balancers of one worker. They live in the engine, longer than snapshots."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

from gwctl.engine.balancer.hosts import host_source
from gwctl.engine.balancer.peers import PeerSource
from gwctl.engine.balancer.ports import Availability
from gwctl.engine.balancer.resolver import Resolver
from gwctl.engine.balancer.upstream import UpstreamBalancer


class Balancers:
    """One balancer per upstream id. Belongs to one event loop.

    A plan under construction takes its source by ``upstream`` or ``host``; what the source balances over changes only
    when ``update``, ``remove`` or ``sync`` is called, at the swap of the snapshot. Counters, averages and positions
    survive changes. A balancer that was removed goes on serving the requests that still hold it.
    """

    def __init__(self, resolver: Resolver, availability: Availability, rng: random.Random) -> None:
        self.resolver = resolver
        self.availability = availability
        self._rng = rng
        self._by_id: dict[str, UpstreamBalancer] = {}

    def upstream(self, upstream_id: str) -> UpstreamBalancer:
        """The balancer of an upstream, an empty one when it is new."""
        balancer = self._by_id.get(upstream_id)
        if balancer is None:
            balancer = UpstreamBalancer(upstream_id, self.resolver, self.availability, self._rng)
            self._by_id[upstream_id] = balancer
        return balancer

    def host(self, host: str, port: int) -> PeerSource:
        """The source for a service's own host, an address or a name."""
        return host_source(host, port, self.resolver)

    def update(self, record: dict[str, Any], targets: Sequence[dict[str, Any]]) -> None:
        """The upstream's record and all of its targets, as they are from now on. Costs little when nothing changed."""
        self.availability.configure(record)
        self.upstream(record["id"]).update(record, targets)

    def remove(self, upstream_id: str) -> None:
        """The upstream is gone."""
        self._by_id.pop(upstream_id, None)
        self.availability.drop(upstream_id)

    def sync(self, upstreams: Iterable[tuple[dict[str, Any], Sequence[dict[str, Any]]]]) -> None:
        """``update`` each of ``upstreams`` and ``remove`` all others."""
        kept = set()
        for record, targets in upstreams:
            self.update(record, targets)
            kept.add(record["id"])
        for gone in self._by_id.keys() - kept:
            self.remove(gone)
