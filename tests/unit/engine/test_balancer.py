"""Addresses: shares of targets, names that resolve, stay usable and fail (proxy.md 6.4; reliability.md F39)."""

from __future__ import annotations

import asyncio
import random
import socket
import tracemalloc
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.engine.balancer.addresses import TargetAddress
from gwctl.engine.balancer.hosts import host_source
from gwctl.engine.balancer.peers import NoPeer, Peer
from gwctl.engine.balancer.ports import AllUp, Ask
from gwctl.engine.balancer.resolver import NameNotResolved, Resolver, literal
from gwctl.engine.balancer.round_robin import RoundRobin
from gwctl.engine.balancer.upstream import UpstreamBalancer


class Names:
    """A look-up that is told what to answer, and counts."""

    def __init__(self, answer: list[str] | OSError) -> None:
        self.answer = answer
        self.asked = 0

    def __call__(self, name: str) -> list[str]:
        self.asked += 1
        if isinstance(self.answer, OSError):
            raise self.answer
        return self.answer


def resolving(names: Names, work: Callable[[Resolver], Awaitable[Any]], **times: float) -> Any:
    async def run() -> Any:
        with ThreadPoolExecutor(2) as executor:
            resolver = Resolver(asyncio.get_running_loop(), executor, lookup=names, **times)
            try:
                return await work(resolver)
            finally:
                await resolver.close()

    return asyncio.run(run())


NOBODY = cast(Ask, None)


def addresses(weights: Sequence[int]) -> list[TargetAddress]:
    return [TargetAddress("127.0.0.1", number, None, weight) for number, weight in enumerate(weights)]


def wheel(weights: Sequence[int], seed: int = 1) -> RoundRobin:
    made = RoundRobin(random.Random(seed))
    made.arrange(addresses(weights), len(weights))
    return made


def picked(algorithm: RoundRobin, tried: Sequence[Peer] = ()) -> int | None:
    peer = algorithm.pick(NOBODY, tried)
    return None if peer is None else peer.port


@given(st.lists(st.integers(0, 20), min_size=1, max_size=6), st.integers(0, 1000))
def test_every_cycle_gives_each_target_its_share(weights: list[int], seed: int) -> None:
    total = sum(weights)
    ring = wheel(weights, seed)
    picks = [picked(ring) for _ in range(total * 3)]
    for cycle in range(3):
        counted = Counter(picks[cycle * total : (cycle + 1) * total])
        assert [counted[i] for i in range(len(weights))] == weights


def test_a_ring_prefers_targets_that_were_not_tried() -> None:
    ring = wheel([1, 1])
    assert {picked(ring, [Peer("127.0.0.1", 1, None)]) for _ in range(6)} == {0}


def test_a_ring_looks_for_the_one_that_was_not_tried() -> None:
    ring = wheel([1, 1, 1, 1, 1])
    tried = [Peer("127.0.0.1", number, None) for number in range(4)]
    assert {picked(ring, tried) for _ in range(10)} == {4}


def upstream(names: Resolver, targets: Sequence[tuple[str, int]]) -> UpstreamBalancer:
    balancer = UpstreamBalancer("u", names, AllUp(), random.Random(1))
    balancer.update({"id": "u"}, [{"target": text, "weight": weight} for text, weight in targets])
    return balancer


def test_a_ring_goes_on_past_names_that_do_not_resolve() -> None:
    async def run(resolver: Resolver) -> set[int]:
        ring = upstream(resolver, [("gone:9", 5), ("127.0.0.1:2", 1)])
        return {(await ring.resolve(NOBODY, ())).port for _ in range(6)}

    assert resolving(Names(OSError("no")), run) == {2}


def test_a_ring_without_a_usable_target_says_so() -> None:
    async def run(resolver: Resolver) -> None:
        for targets in ([], [("127.0.0.1:1", 0)], [("gone:9", 5)]):
            with pytest.raises(NoPeer, match="failure to get a peer from the ring-balancer"):
                await upstream(resolver, targets).resolve(NOBODY, ())

    resolving(Names(OSError("no")), run)


def test_the_addresses_of_a_name_take_turns() -> None:
    async def run(resolver: Resolver) -> list[str]:
        source = host_source("name", 80, resolver)
        return [(await source.resolve(NOBODY, ())).ip for _ in range(4)]

    assert resolving(Names(["10.0.0.1", "10.0.0.2"]), run) == ["10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.2"]


def test_an_address_needs_no_look_up() -> None:
    names = Names(OSError("no"))

    async def run(resolver: Resolver) -> list[Peer | None]:
        return [host_source(host, 80, resolver).pick(NOBODY, ()) for host in ("10.0.0.1", "::1", "[::1]")]

    assert [peer.authority for peer in resolving(names, run)] == ["10.0.0.1", "[::1]", "[::1]"]
    assert names.asked == 0
    assert literal("localhost") is None


def test_answers_are_kept_and_concurrent_questions_share_a_look_up() -> None:
    names = Names(["10.0.0.1"])

    async def run(resolver: Resolver) -> None:
        await asyncio.gather(*(resolver.resolve("name") for _ in range(20)))
        await resolver.resolve("name")

    resolving(names, run)
    assert names.asked == 1


def test_an_old_answer_serves_while_a_new_one_is_fetched() -> None:
    names = Names(["10.0.0.1"])

    async def run(resolver: Resolver) -> None:
        await resolver.resolve("name")
        names.answer = ["10.0.0.2"]
        assert await resolver.resolve("name") == ("10.0.0.1",)
        while await resolver.resolve("name") != ("10.0.0.2",):
            await asyncio.sleep(0.01)

    resolving(names, run, ttl=0)


def test_an_old_answer_outlives_a_resolver_that_fails() -> None:
    names = Names(["10.0.0.1"])

    async def run(resolver: Resolver) -> None:
        await resolver.resolve("name")
        names.answer = socket.gaierror(socket.EAI_AGAIN, "try again")
        while names.asked < 4:
            assert await resolver.resolve("name") == ("10.0.0.1",)
            await asyncio.sleep(0.005)

    resolving(names, run, ttl=0, error_ttl=0)


def test_a_name_that_is_gone_is_gone() -> None:
    names = Names(["10.0.0.1"])

    async def run(resolver: Resolver) -> None:
        await resolver.resolve("name")
        names.answer = socket.gaierror(socket.EAI_NONAME, "unknown")
        with pytest.raises(NameNotResolved):
            await for_ever(resolver)

    resolving(names, run, ttl=0)


async def for_ever(resolver: Resolver) -> None:
    while True:
        await resolver.resolve("name")
        await asyncio.sleep(0.005)


def test_a_failure_is_remembered_for_a_moment() -> None:
    names = Names(OSError("no"))

    async def run(resolver: Resolver) -> None:
        for _ in range(5):
            with pytest.raises(NameNotResolved):
                await resolver.resolve("name")

    resolving(names, run, error_ttl=60)
    assert names.asked == 1


def test_names_that_nobody_asks_for_any_more_are_forgotten() -> None:
    async def run(resolver: Resolver) -> int:
        tracemalloc.start()
        try:
            for number in range(6000):
                await resolver.resolve(f"{number}.example".rjust(2000, "a"))
            return tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    assert resolving(Names(["10.0.0.1"]), run, ttl=0.0, stale=0.05) < 8_000_000
