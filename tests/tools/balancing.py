"""A registry of balancers without a network: names, time and health are what a test says."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from gwctl.engine.balancer.consistent_hashing import ConsistentHashing
from gwctl.engine.balancer.dns.answers import EMPTY, NO_NAME, NameNotResolved
from gwctl.engine.balancer.dns.config import DnsConfig
from gwctl.engine.balancer.dns.exchange import ServersSilent
from gwctl.engine.balancer.dns.reading import Found
from gwctl.engine.balancer.dns.resolver import Resolver
from gwctl.engine.balancer.peers import Peer
from gwctl.engine.balancer.ports import Broken, Outcome
from gwctl.engine.balancer.registry import Balancers
from gwctl.engine.balancer.upstream import UpstreamBalancer

T = TypeVar("T")

UPSTREAM = "00000000-0000-4000-8000-00000000000a"


class Names:
    """A name server in memory. ``asked`` counts questions by (name, type); ``hold`` makes them wait."""

    def __init__(self) -> None:
        self.asked: Counter[tuple[str, str]] = Counter()
        self.hold: asyncio.Event | None = None
        self._records: dict[str, dict[str, list[Found]]] = {}
        self._failures: dict[str, type[NameNotResolved]] = {}

    def say(self, name: str, kind: str, *values: str, ttl: int = 300) -> None:
        """SRV values as ``priority weight port target``."""
        self._failures.pop(name, None)
        self._records.setdefault(name, {})[kind] = [_found(name, kind, value, ttl) for value in values]

    def only(self, name: str, kind: str, *values: str, ttl: int = 300) -> None:
        """As ``say``, and no other types."""
        self.forget(name)
        self.say(name, kind, *values, ttl=ttl)

    def forget(self, name: str) -> None:
        self._records.pop(name, None)
        self._failures.pop(name, None)

    def fail(self, name: str, *, silent: bool = False) -> None:
        self._failures[name] = ServersSilent if silent else NameNotResolved

    async def ask(self, name: str, kind: str) -> list[Found]:
        self.asked[name, kind] += 1
        if self.hold is not None:
            await self.hold.wait()
        if name in self._failures:
            raise self._failures[name](name, "dns server error: 2 server failure", gone=False)
        records = self._records.get(name)
        if records is None:
            raise NameNotResolved(name, NO_NAME, gone=True)
        rows = [*records.get("CNAME", []), *records.get(kind, [])]
        if not rows:
            raise NameNotResolved(name, EMPTY, gone=True)
        return rows

    async def close(self) -> None: ...

    def questions(self, name: str) -> int:
        return sum(count for (asked, _), count in self.asked.items() if asked == name)


def _found(name: str, kind: str, value: str, ttl: int) -> Found:
    if kind != "SRV":
        return Found(name, kind, ttl, value)
    priority, weight, port, target = value.split()
    return Found(name, kind, ttl, target, int(port), int(weight), int(priority))


class Health:
    """Availability as a test says; ``reports`` are what balancers told."""

    def __init__(self) -> None:
        self.epoch = 0
        self.reports: list[tuple[str, int, Outcome]] = []
        self.offered: set[tuple[str, int]] = set()
        self._down: set[tuple[str, int]] = set()

    def up(self, upstream_id: str, ip: str, port: int, host: str | None) -> bool:
        return (ip, port) not in self._down

    def configure(self, record: Mapping[str, Any]) -> None: ...

    def drop(self, upstream_id: str) -> None: ...

    def offers(self, upstream_id: str, ip: str, port: int, host: str | None) -> bool:
        return (ip, port) in self.offered

    def take(self, upstream_id: str, ip: str, port: int, host: str | None) -> bool:
        taken = (ip, port) in self.offered
        self.offered.discard((ip, port))
        return taken

    def report(self, upstream_id: str, ip: str, port: int, host: str | None, outcome: Outcome) -> None:
        self.reports.append((ip, port, outcome))

    def listens(self, upstream_id: str) -> bool:
        return True

    def set(self, ip: str, port: int, *, up: bool) -> None:
        (self._down.discard if up else self._down.add)((ip, port))
        self.epoch += 1


class Request:
    """What hashing reads."""

    def __init__(self, value: str = "", **values: Any) -> None:
        self.client_ip: str = values.get("client_ip", "192.0.2.1")
        self.identity: str | None = values.get("identity")
        self.raw_path: str = values.get("raw_path", "/")
        self.headers: Mapping[str, str] = values.get("headers", {"x-hash": value})
        self.cookies: dict[str, str] = dict(values.get("cookies", {}))
        self.arguments: Mapping[str, list[str | None]] = values.get("arguments", {})
        self.captures: Mapping[str, str] = values.get("captures", {})
        self.issued: list[tuple[str, str, str]] = []

    def header(self, name: str) -> str | None:
        return self.headers.get(name.lower())

    def cookie(self, name: str) -> str | None:
        return self.cookies.get(name)

    def query_values(self, name: str) -> list[str | None]:
        return self.arguments.get(name, [])

    def capture(self, name: str) -> str | None:
        return self.captures.get(name)

    def set_cookie(self, name: str, value: str, path: str) -> None:
        self.cookies[name] = value
        self.issued.append((name, value, path))


class World:
    """One upstream. Time is ``now``, which a test moves on."""

    def __init__(self, algorithm: str = "round-robin", **values: Any) -> None:
        self.now = 1000.0
        self.names = Names()
        self.health = Health()
        self.config = DnsConfig(hosts={}, order=("LAST", "SRV", "A", "AAAA", "CNAME"))
        self.resolver = Resolver(self.config, lambda: self.now, self.names)
        rng = random.Random(7)
        self.balancers = Balancers(self.resolver, self.health, rng, lambda: self.now, self.sleep)
        self.record: dict[str, Any] = {"id": UPSTREAM, "algorithm": algorithm} | values
        if algorithm == "consistent-hashing":
            self.record = {"hash_on": "header", "hash_on_header": "x-hash", "slots": 10000} | self.record
        self.targets: dict[str, dict[str, Any]] = {}

    async def sleep(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            await asyncio.sleep(0.001)

    @property
    def balancer(self) -> UpstreamBalancer:
        return self.balancers.upstream(UPSTREAM)

    def configure(self, **values: Any) -> None:
        self.record = self.record | values
        self.apply()

    def apply(self) -> None:
        self.balancers.update(self.record, list(self.targets.values()))

    def add(self, target: str, weight: int = 100) -> None:
        self.targets[target] = {"target": target, "weight": weight, "created_at": len(self.targets)}
        self.apply()

    def drop(self, target: str) -> None:
        del self.targets[target]
        self.apply()

    def pick(self, value: str = "", tried: Sequence[Peer] = ()) -> Peer:
        peer = self.balancer.pick(Request(value), tried)
        assert peer is not None, "a name has to be resolved"
        return peer

    async def resolve(self, value: str = "", tried: Sequence[Peer] = ()) -> Peer:
        return await self.balancer.resolve(Request(value), tried)

    def done(self, peer: Peer, seconds: float | None = 0.01, *, failed: bool = False) -> None:
        outcome = Outcome(failure=Broken.TCP) if failed else Outcome(200, seconds=seconds)
        self.balancer.done(peer, outcome)

    def picks(self, count: int, *, release: bool = True) -> dict[str, int]:
        """How often each address was picked, by ``ip:port``; for hashing with ``count`` different values."""
        counted: Counter[str] = Counter()
        for number in range(count):
            peer = self.pick(f"value {number}")
            counted[label(peer)] += 1
            if release:
                self.done(peer)
        return dict(counted)

    def ring(self) -> dict[str, int]:
        """The points of each address, for consistent hashing."""
        algorithm = self.balancer._algorithm
        assert isinstance(algorithm, ConsistentHashing)
        return {label(peer): count for peer, count in algorithm.entries().items()}

    async def settled(self) -> None:
        """Every target's name was looked up."""
        await self.until(lambda: all(target.looked_up for target in self.balancer._targets.values()))

    async def until(self, condition: Any, seconds: float = 20.0) -> None:
        end = asyncio.get_running_loop().time() + seconds
        while not condition():
            assert asyncio.get_running_loop().time() < end, self.balancer.details()
            await asyncio.sleep(0.002)


def label(peer: Peer) -> str:
    return f"{peer.ip}:{peer.port}"


def run(scene: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(scene)
