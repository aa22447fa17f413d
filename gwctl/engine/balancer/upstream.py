"""One upstream: its targets, their addresses, and the algorithm that picks among them (proxy.md 6)."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from typing import Any

from gwctl.engine.balancer.addresses import ResolvedPeer, TargetAddress
from gwctl.engine.balancer.algorithm import Algorithm
from gwctl.engine.balancer.peers import NoPeer, Peer
from gwctl.engine.balancer.ports import Ask, Availability, Outcome
from gwctl.engine.balancer.resolver import NameNotResolved, Resolver, literal
from gwctl.engine.balancer.round_robin import RoundRobin
from gwctl.kit.hosts import parse_host

NO_PEER = "failure to get a peer from the ring-balancer"
_TARGET_PORT = 8000


class UpstreamBalancer:
    """The peers of one upstream. Changes of its configuration keep what is known about the addresses that stay."""

    def __init__(self, upstream_id: str, resolver: Resolver, availability: Availability, rng: random.Random) -> None:
        self.id = upstream_id
        self._resolver = resolver
        self._availability = availability
        self._epoch = availability.epoch
        self._algorithm: Algorithm = RoundRobin(rng)
        self._addresses: list[TargetAddress] = []
        self._targets: Sequence[Any] = ()
        self._turn = 0
        self._virtual = False
        self._on_trial: list[TargetAddress] = []
        self._healthy = False
        self.follows = False

    def update(self, record: dict[str, Any], targets: Sequence[dict[str, Any]]) -> None:
        """Balance over ``targets`` (records) as the upstream's ``record`` says, from the next pick on."""
        if targets != self._targets:
            self._targets = targets
            known = {(each.ip, each.port, each.host): each for each in self._addresses}
            self._addresses = [_address(target, known) for target in targets]
        self._virtual = any(each.virtual for each in self._addresses)
        self.follows = self._algorithm.follows or self._availability.listens(self.id)
        self._arrange()

    def _arrange(self) -> None:
        self._epoch = self._availability.epoch
        for each in self._addresses:
            each.up = self._availability.up(self.id, each.ip, each.port, each.host)
        self._algorithm.arrange(self._addresses, len(self._targets))
        self._on_trial = [
            each for each in self._addresses
            if not each.up and each.weight and self._availability.offers(self.id, each.ip, each.port, each.host)
        ]  # fmt: skip
        self._healthy = any(each.up and each.weight for each in self._addresses)

    def pick(self, ask: Ask, tried: Collection[Peer]) -> Peer | None:
        return None if self._virtual else self._next(ask, tried)

    def _next(self, ask: Ask, tried: Collection[Peer]) -> TargetAddress:
        if self._availability.epoch != self._epoch:
            self._arrange()
        if self._on_trial and (chosen := self._trial()) is not None:
            return chosen
        address = self._algorithm.pick(ask, tried) if self._healthy else None
        if address is None:
            raise NoPeer(NO_PEER)
        return address

    def _trial(self) -> TargetAddress | None:
        """An address that is down and waits for one request, if no other process was faster."""
        while self._on_trial:
            each = self._on_trial.pop()
            if self._availability.take(self.id, each.ip, each.port, each.host):
                return each
        return None

    async def resolve(self, ask: Ask, tried: Collection[Peer]) -> Peer:
        passed: list[Peer] = list(tried)
        for _ in range(len(self._addresses) + 1):
            address = self._next(ask, passed)
            if not address.virtual:
                return address
            try:
                ips = await self._resolver.resolve(address.ip)
            except NameNotResolved:
                passed.append(address)
                continue
            self._turn += 1
            return ResolvedPeer(ips[self._turn % len(ips)], address.port, address.host, address)
        raise NoPeer(NO_PEER)

    def done(self, peer: Peer, outcome: Outcome) -> None:
        address = peer.address if isinstance(peer, ResolvedPeer) else peer
        if isinstance(address, TargetAddress):
            self._algorithm.done(address, outcome)
            self._availability.report(self.id, address.ip, address.port, address.host, outcome)


def _address(target: dict[str, Any], known: dict[Any, TargetAddress]) -> TargetAddress:
    parsed = parse_host(target["target"])
    port = _TARGET_PORT if parsed.port is None else parsed.port
    weight = 100 if target.get("weight") is None else target["weight"]
    ip = literal(parsed.host)
    host = parsed.host if ip is None else None
    address = known.get((ip or parsed.host, port, host))
    if address is None:
        address = TargetAddress(ip or parsed.host, port, host, weight, virtual=ip is None)
    address.weight = weight
    return address
