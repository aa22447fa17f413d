"""The long run: a hybrid gateway under mixed traffic and config writes, while everything that can die does.

Beside it a node without a database loads one document after another. ``GWCTL_SOAK_MINUTES`` (default 20) is its length,
``GWCTL_SOAK_SEED`` its order of events; every deed is done at least once. Two thirds of the time things die; in the
last third only traffic, writes and documents go on, and memory must be flat. At the end no failure may be without
explanation and every node must hold the same configuration.
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.soak import alone, judge
from tests.soak.alone import LonelyDeeds
from tests.soak.cutting import CuttingDeeds
from tests.soak.files import FileDeeds
from tests.soak.incidents import Incidents
from tests.soak.memory import Memory
from tests.soak.state import State
from tests.soak.subjects import OWNER, silent_routes, subjects
from tests.soak.threads import Posts, Walker, Writer
from tests.tools.dbless import Dbless
from tests.tools.gateway import ControlPlane, DataPlane, Place
from tests.tools.load import Load
from tests.tools.postgres import RunningPostgres, running_postgres
from tests.tools.upstream import Upstream

MINUTES = float(os.environ.get("GWCTL_SOAK_MINUTES", "20"))
SEED = int(os.environ.get("GWCTL_SOAK_SEED", "1"))
CONNECTIONS = 6
FLAT_MIB = 8.0
"""What a process may grow in the quiet third: allocator noise, far below one leaked snapshot per write."""


@contextlib.contextmanager
def traffic(data_planes: list[DataPlane], lonely: Dbless) -> Iterator[tuple[dict[str, list[Load]], list[Posts]]]:
    """Small answers, big answers and slow answers on each data plane, and uploads; small ones on the lonely node."""
    loads = {
        node.name: [
            Load(node.port, "/steady", connections=CONNECTIONS, pause=0.01),
            Load(node.port, "/steady/bytes/300000", connections=2, pause=0.05),
            Load(node.port, "/steady/slow/0.2", connections=2, pause=0.0),
        ]
        for node in data_planes
    }
    loads[alone.NAME] = [Load(lonely.port, "/steady", connections=3, pause=0.02)]
    posts = [Posts(node) for node in data_planes]
    every = [load for kinds in loads.values() for load in kinds]
    for load in every:
        load.start()
    for post in posts:
        post.start()
    try:
        yield loads, posts
    finally:
        for load in every:
            load.stop()
        for post in posts:
            post.finish()


@pytest.mark.soak
@pytest.mark.timeout(MINUTES * 60 + 900)
def test_twenty_minutes_of_real_life(place: Place) -> None:
    rng = random.Random(SEED)
    with running_postgres() as database, Upstream() as upstream:
        control_planes, data_planes = _gateway(place, database, upstream)
        lonely = Dbless(place, {"KONG_LOG_LEVEL": "notice"})
        incidents = Incidents(control_planes, data_planes, database, CONNECTIONS + 5, rng)
        state = State(control_planes, data_planes, upstream.url, rng)
        files, cutting = FileDeeds(state, upstream.url, rng), CuttingDeeds(state, database, rng)
        lone = LonelyDeeds(lonely, upstream.url, incidents.excuses, rng)
        lone.start()
        memory, writer, walker = Memory(), Writer(control_planes, subjects()), Walker(control_planes)
        writer.start()
        walker.start()
        with traffic(data_planes, lonely) as (loads, posts):
            begin = time.monotonic()
            turbulent, end = begin + MINUTES * 40, begin + MINUTES * 60
            files.sync_a_document()
            _turbulence(
                incidents, [each for kind in (incidents, files, cutting, lone) for each in kind.deeds()], turbulent, rng
            )
            end = max(end, time.monotonic() + MINUTES * 20)
            calm = time.monotonic() + (end - time.monotonic()) / 4
            prefixes = {node.name: node.prefix for node in (*control_planes, *data_planes)}
            with memory.watching(prefixes | {alone.NAME: lonely.prefix}):
                _calm([files.sync_a_document, lone.post_a_document], end)
        writer.finish()
        walker.finish()

        judge.failures(incidents.excuses, loads, posts)
        judge.clients(writer, walker)
        judge.state(control_planes, data_planes, writer)
        files.sync_a_document()
        judge.files(data_planes, state.number)
        lone.leaves_nothing()
        judge.logs(place, writer)
        print(f"    cut off: {cutting.ended} on control planes, {lone.cut_off} on the node without a database")
        growth = memory.growth(calm)
        print(f"    growth in MiB: { {name: round(value, 1) for name, value in growth.items()} }")
        assert growth, "no process lived through the quiet third"
        assert {name: value for name, value in growth.items() if value > FLAT_MIB} == {}


def _gateway(place: Place, database: RunningPostgres, upstream: Upstream) -> tuple[list[ControlPlane], list[DataPlane]]:
    environ = database.environ()
    place.gwctl("hybrid", "gen_cert")
    control_planes = [ControlPlane(place, f"cp{number}", environ) for number in (1, 2)]
    control_planes[0].bootstrap()
    for control_plane in control_planes:
        control_plane.start()
    control_planes[0].route("steady", upstream.url)
    control_planes[0].write("PUT", f"/consumers/{OWNER}", data={"username": OWNER})
    for path, body in silent_routes():
        control_planes[0].write("PUT", path, data=body)
    ordered = [control_planes, control_planes[::-1]]
    data_planes = [DataPlane(place, order, f"dp{number}") for number, order in enumerate(ordered, 1)]
    for data_plane in data_planes:
        data_plane.start()
        data_plane.serves("/steady")
    return control_planes, data_planes


def _turbulence(incidents: Incidents, deeds: list[Callable[[], None]], until: float, rng: random.Random) -> None:
    """Every deed in a shuffled order, again and again until the time is over, but each at least once."""
    while True:
        rng.shuffle(deeds)
        for deed in deeds:
            incidents.perform(deed)
            if time.monotonic() > until and len(incidents.done) == len(deeds):
                return


def _calm(deeds: list[Callable[[], None]], until: float) -> None:
    """Nothing dies; a document now and then keeps every process at work."""
    turn = 0
    while time.monotonic() < until:
        threading.Event().wait(6)
        turn += 1
        deeds[turn % len(deeds)]()
