"""One upstream: its targets, their addresses, and the algorithm that picks among them (proxy.md 6)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from gwctl.engine.balancer.addresses import ResolvedPeer, TargetAddress, origin
from gwctl.engine.balancer.algorithm import Algorithm
from gwctl.engine.balancer.dns.answers import NameNotResolved
from gwctl.engine.balancer.dns.resolver import Resolver
from gwctl.engine.balancer.peers import NoPeer, Peer
from gwctl.engine.balancer.ports import Ask, Availability, Broken, Outcome
from gwctl.engine.balancer.status import Weight, details, is_healthy, weight_of
from gwctl.engine.balancer.targets import Pace, Target, next_look
from gwctl.kit.tasks import Tasks

NO_PEER = "failure to get a peer from the ring-balancer"
NO_NAME = "name resolution failed"

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the balancers of one worker share.

    ``algorithm`` makes the one that an upstream's record asks for; ``sleep`` is asyncio's.
    """

    resolver: Resolver
    availability: Availability
    tasks: Tasks
    algorithm: Callable[[Record], Algorithm]
    pace: Pace
    sleep: Callable[[float], Awaitable[None]]


class UpstreamBalancer:
    """The peers of one upstream. Changes of its configuration keep what is known about the addresses that stay."""

    def __init__(self, upstream_id: str, around: Surroundings) -> None:
        self.id = upstream_id
        self.follows = False
        self._around = around
        self._availability = around.availability
        self._epoch = -1
        self._record: Record | None = None
        self._records: Sequence[Record] = ()
        self._algorithm: Algorithm | None = None
        self._targets: dict[tuple[str, int], Target] = {}
        self._addresses: list[TargetAddress] = []
        self._following: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._srv_name = False
        self._threshold = 0.0
        self._waits = False
        self._on_trial: list[TargetAddress] = []
        self._healthy = False
        self._news: asyncio.Future[None] | None = None

    # Configuration

    def update(self, record: Record, targets: Sequence[Record]) -> None:
        """Balance over ``targets`` (records) as the upstream's ``record`` says, from the next pick on."""
        if record == self._record and targets == self._records:
            return
        known, self._record, self._records = self._record, record, targets
        if self._algorithm is None or known is None or _balancing(known) != _balancing(record):
            self._algorithm = self._around.algorithm(record)
            for address in self._addresses:
                address.ticket = 0
                if known is not None and known.get("algorithm") != record.get("algorithm"):
                    address.active = 0
        self._srv_name = bool(record.get("use_srv_name"))
        checks = record.get("healthchecks") or {}
        self._threshold = float(checks.get("threshold") or 0)
        self.follows = self._algorithm.follows or self._availability.listens(self.id)
        self._retarget(targets)
        self._arrange()
        self._tell()

    def _retarget(self, records: Sequence[Record]) -> None:
        before, self._targets = self._targets, {}
        for record in sorted(records, key=lambda each: (each.get("created_at") or 0, each["target"])):
            target = Target(record)
            key = (target.name, target.port)
            target = before.pop(key, target)
            target.configure(record, srv_name=self._srv_name)
            self._targets[key] = target
            if target.ip is None and key not in self._following:
                self._follow(key, target)
        for key in before:
            self._forget(key)

    def close(self) -> None:
        """Look no names up any more; what is known serves the requests that still hold the balancer."""
        for key in list(self._following):
            self._forget(key)
        self._tell()

    # Names

    def _follow(self, key: tuple[str, int], target: Target) -> None:
        known = self._around.resolver.peek(target.name)
        if known is not None:
            target.resolved(known)
        name = f"renew {target.name} of upstream {self.id}"
        self._following[key] = self._around.tasks.spawn(name, self._keep_up(target))

    def _forget(self, key: tuple[str, int]) -> None:
        task = self._following.pop(key, None)
        if task is not None:
            task.cancel()

    async def _keep_up(self, target: Target) -> None:
        """Follow what the name of ``target`` resolves to, as long as it is a target."""
        while True:
            answer, fresh = None, 0.0
            first = not target.looked_up
            try:
                answer, fresh = await self._around.resolver.renewed(target.name)
            except NameNotResolved as failure:
                changed = target.unresolved(failure)
            else:
                changed = target.resolved(answer)
            if changed or first:
                self._arrange()
            self._tell()
            await self._around.sleep(next_look(answer, fresh, self._around.pace))

    def _tell(self) -> None:
        news, self._news = self._news, None
        if news is not None and not news.done():
            news.set_result(None)

    # Picking

    def _arrange(self) -> None:
        """Arrange what there is now; synchronous, so that a pick sees all of a change or nothing."""
        availability = self._availability
        self._epoch = availability.epoch
        self._addresses = [address for target in self._targets.values() for address in target.addresses]
        for each in self._addresses:
            each.up = availability.up(self.id, each.ip, each.port, each.host)
        if self._algorithm is not None:
            self._algorithm.arrange(self._addresses, len(self._targets))
        self._healthy = is_healthy(weight_of(self._addresses), self._threshold)
        self._on_trial = self._offered()
        self._waits = any(each.virtual for each in self._addresses) or (not self._healthy and self._pending())

    def _pending(self) -> bool:
        """Whether a name is looked up for the first time."""
        return any(not self._targets[key].looked_up for key in self._following)

    def pick(self, ask: Ask, tried: Collection[Peer]) -> Peer | None:
        return None if self._waits else self._next(ask, tried)

    def _next(self, ask: Ask, tried: Collection[Peer]) -> TargetAddress:
        if self._availability.epoch != self._epoch:
            self._rearrange()
        if self._on_trial and (chosen := self._trial()) is not None:
            return chosen
        if self._healthy and self._algorithm is not None:
            address = self._algorithm.pick(ask, tried)
            if address is not None:
                return address
        raise NoPeer(NO_PEER)

    def _rearrange(self) -> None:
        """Somewhere health changed."""
        availability = self._availability
        epoch = availability.epoch  # before looking: what changes meanwhile is news for the next pick
        if any(each.up != availability.up(self.id, each.ip, each.port, each.host) for each in self._addresses):
            self._arrange()
        self._on_trial = self._offered()
        self._epoch = epoch

    def _offered(self) -> list[TargetAddress]:
        offers = self._availability.offers
        return [
            each
            for each in self._addresses
            if not each.up and each.weight and offers(self.id, each.ip, each.port, each.host)
        ]

    def _trial(self) -> TargetAddress | None:
        """An address that is down and waits for one request, if no other process was faster."""
        while self._on_trial:
            each = self._on_trial.pop()
            if self._availability.take(self.id, each.ip, each.port, each.host):
                if self._algorithm is not None:
                    self._algorithm.took(each)
                return each
        return None

    async def resolve(self, ask: Ask, tried: Collection[Peer]) -> Peer:
        while not self._healthy and self._pending():
            if self._news is None:
                self._news = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._news)
        passed = list(tried)
        unresolved = 0
        while True:
            try:
                address = self._next(ask, passed)
            except NoPeer:
                raise NoPeer(NO_NAME if unresolved else NO_PEER) from None
            if not address.virtual:
                return address
            try:
                return await self._resolved(address)
            except BaseException as error:
                self._release(address)
                if not isinstance(error, NameNotResolved):
                    raise
            passed.append(address)
            unresolved += 1
            if unresolved >= len(self._addresses):
                raise NoPeer(NO_NAME)

    async def _resolved(self, address: TargetAddress) -> ResolvedPeer:
        located = await self._around.resolver.locate(address.ip)
        host = located.name if self._srv_name else address.host
        return ResolvedPeer(located.ip, located.port or address.port, host, address)

    def _release(self, address: TargetAddress) -> None:
        if self._algorithm is not None:
            self._algorithm.done(address, Outcome(failure=Broken.TCP))

    def done(self, peer: Peer, outcome: Outcome) -> None:
        address = origin(peer)
        if self._algorithm is not None and isinstance(address, TargetAddress):
            self._algorithm.done(address, outcome)
        self._availability.report(self.id, address.ip, address.port, address.host, outcome)

    # For those who look

    @property
    def healthy(self) -> bool:
        """Whether anything may be picked."""
        if self._availability.epoch != self._epoch:
            self._rearrange()
        return self._healthy

    @property
    def addresses(self) -> Sequence[TargetAddress]:
        """All addresses that are known now."""
        return self._addresses

    def addresses_of(self, target: str) -> Sequence[TargetAddress]:
        """Those of one target, as its record writes it."""
        wanted = Target({"target": target})
        found = self._targets.get((wanted.name, wanted.port))
        return () if found is None else found.addresses

    @property
    def weight(self) -> Weight:
        return weight_of(self._addresses)

    def details(self) -> dict[str, Any]:
        """The status tree (proxy.md 7)."""
        return details(self._targets.values(), healthy=self.healthy)


def _balancing(record: Record) -> dict[str, Any]:
    """What of a record decides how peers are picked."""
    return {key: value for key, value in record.items() if key in ("algorithm", "slots") or key.startswith("hash_")}
