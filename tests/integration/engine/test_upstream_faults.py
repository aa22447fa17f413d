"""Every fault of an upstream has its status, spoils no connection and leaves nothing behind (C5)."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
from collections import Counter
from collections.abc import Mapping

import pytest

from gwctl.engine.proxy.client import ClientConnection
from gwctl.engine.proxy.exchange import Exchange
from gwctl.engine.upstream.connection import UpstreamConnection
from tests.integration.engine.upstream_faults import CUT, FAULTS, Fault, FaultyUpstream, good, suffer
from tests.integration.engine.world import Gateway, Talk, gateway, one_route, play, until, upstream_server

_ROUNDS = 30


def _held() -> Counter[str]:
    """What a leak would add to."""
    gc.collect()
    kinds = Counter(type(thing).__name__ for thing in gc.get_objects() if isinstance(thing, _KINDS))
    tasks = [task for task in asyncio.all_tasks() if not task.done()]
    return kinds + Counter({"files": len(os.listdir("/proc/self/fd")), "tasks": len(tasks)})


_KINDS = (ClientConnection, UpstreamConnection, Exchange)


def _met(fault: Fault, environ: Mapping[str, str], rounds: int) -> tuple[Counter[int], Counter[str], Counter[str]]:
    """The statuses of some rounds, and what was held before and after them."""

    async def run() -> tuple[Counter[int], Counter[str], Counter[str]]:
        faulty = FaultyUpstream(fault)
        to = {"retries": 0, "read_timeout": 250 if fault.status in (504, CUT) else 5000}
        async with (
            upstream_server(faulty.script) as up,
            gateway(one_route(up.port, to=to, request_buffering=not fault.upload), environ=environ) as gw,
        ):
            pool = gw.engine._open(asyncio.get_running_loop()).pool
            await _quiet(gw)
            before = _held()
            statuses: Counter[int] = Counter()
            for number in range(rounds):
                await good(gw, number)
                statuses[await suffer(gw, fault)] += 1
                await good(gw, number)
            pool.close()
            await _quiet(gw)
            gw._talks.clear()
            with contextlib.suppress(AssertionError):
                await until(lambda: _held() <= before, "everything is given back", 2)
            return statuses, before, _held()

    return play(run())


async def _quiet(gw: Gateway) -> None:
    await until(lambda: gw.engine.stats().active == 0, "no client is left")


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_has_its_status_and_leaves_nothing(fault: Fault, codec: Mapping[str, str]) -> None:
    rounds = 2 if fault.upload or fault.status in (504, CUT) else 5
    statuses, before, after = _met(fault, codec, rounds)
    assert statuses == Counter({fault.status: rounds})
    assert after <= before


@pytest.mark.parametrize(
    "name",
    ["resets before the head", "a short body, then a reset", "a second response at once", "an unknown coding"],
)
def test_many_faults_leave_nothing(name: str, codec: Mapping[str, str]) -> None:
    statuses, before, after = _met(FAULTS[name], codec, _ROUNDS)
    assert statuses == Counter({FAULTS[name].status: _ROUNDS})
    assert after <= before


def test_what_an_upstream_says_unasked_is_never_an_answer(codec: Mapping[str, str]) -> None:
    """A response that comes while its connection is idle ends the connection."""

    async def run() -> int:
        said = asyncio.Event()

        async def script(talk: Talk) -> None:
            await talk.head()
            await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            await said.wait()
            await talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            await talk.ended()

        async with upstream_server(script) as up, gateway(one_route(up.port), environ=codec) as gw:
            pool = gw.engine._open(asyncio.get_running_loop()).pool
            assert (await gw.get("/")).body == b"ok"
            await until(lambda: len(pool) == 1, "the connection is idle")
            said.set()
            await until(lambda: len(pool) == 0, "the connection is given up")
            assert (await gw.get("/")).body == b"ok"
            return up.connections

    assert play(run()) == 2
