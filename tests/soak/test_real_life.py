"""The long run: a hybrid gateway under mixed traffic and config writes, while everything that can die does.

``GWCTL_SOAK_MINUTES`` (default 20) is its length, ``GWCTL_SOAK_SEED`` its order of events. Two thirds of the time
things die; in the last third only traffic and writes go on, and memory must be flat. At the end no failure may be
without explanation and every node must hold the same configuration.
"""

from __future__ import annotations

import contextlib
import functools
import os
import random
import threading
import time
from collections.abc import Iterator

import pytest

from tests.soak.incidents import Incidents, unexplained
from tests.soak.memory import Memory
from tests.tools.client import ask
from tests.tools.gateway import ControlPlane, DataPlane, Place
from tests.tools.load import Load
from tests.tools.postgres import running_postgres
from tests.tools.upstream import Upstream
from tests.tools.waiting import wait_for

MINUTES = float(os.environ.get("GWCTL_SOAK_MINUTES", "20"))
SEED = int(os.environ.get("GWCTL_SOAK_SEED", "1"))
CONNECTIONS = 6
LIVE_ROUTES = 20
FLAT_MIB = 8.0
"""What a process may grow in the quiet third: allocator noise, far below one leaked snapshot per write."""


class Writer(threading.Thread):
    """Writes configuration without pause through both control planes: at most LIVE_ROUTES routes live at once.

    Writes may fail while a control plane or the database is away (their clients are told so); what was acknowledged
    must be there in the end, so ``expected`` keeps the routes by what was answered, and forgets those in doubt.
    """

    def __init__(self, control_planes: list[ControlPlane]) -> None:
        super().__init__(name="writer", daemon=True)
        self.expected: dict[str, bool] = {}
        self.writes = 0
        self.refused = 0
        self._control_planes = control_planes
        self._ended = threading.Event()

    def run(self) -> None:
        number = 0
        while not self._ended.wait(0.05):
            number += 1
            name = f"live-{number % LIVE_ROUTES:02}"
            exists = not self.expected.get(name, False)
            self._write(self._control_planes[number % len(self._control_planes)], name, exists)

    def _write(self, control_plane: ControlPlane, name: str, exists: bool) -> None:
        self.expected.pop(name, None)
        try:
            if exists:
                answer = control_plane.ask(
                    "PUT", f"/services/steady/routes/{name}", data={"name": name, "paths": [f"/{name}"]}, timeout=5
                )
            else:
                answer = control_plane.ask("DELETE", f"/routes/{name}", timeout=5)
        except OSError:
            self.refused += 1
            return
        if answer.status in (200, 201, 204):
            self.expected[name] = exists
            self.writes += 1
        else:
            self.refused += 1

    def finish(self) -> None:
        self._ended.set()
        self.join(30)


class Posts(threading.Thread):
    """Uploads over connections of their own; counts answers that were not an echo of what was sent."""

    def __init__(self, data_plane: DataPlane) -> None:
        super().__init__(name=f"posts {data_plane.name}", daemon=True)
        self.wrong: list[tuple[float, str]] = []
        self.sent = 0
        self._data_plane = data_plane
        self._ended = threading.Event()

    def run(self) -> None:
        body = b"0123456789abcdef" * 4096
        while not self._ended.wait(0.1):
            began = time.monotonic()
            try:
                url = f"http://127.0.0.1:{self._data_plane.port}/steady/upload"
                answer = ask("POST", url, body=body, headers={"Content-Type": "application/octet-stream"})
                right = answer.status == 200 and answer.json()["body"] == body.decode()
                reason = f"status {answer.status}"
            except OSError as error:
                right, reason = False, repr(error)
            self.sent += 1
            if not right:
                self.wrong.append((began, reason))

    def finish(self) -> None:
        self._ended.set()
        self.join(30)


@contextlib.contextmanager
def traffic(data_planes: list[DataPlane]) -> Iterator[tuple[dict[str, list[Load]], list[Posts]]]:
    """Small answers, big answers and slow answers on each data plane, and uploads."""
    loads = {
        node.name: [
            Load(node.port, "/steady", connections=CONNECTIONS, pause=0.01),
            Load(node.port, "/steady/bytes/300000", connections=2, pause=0.05),
            Load(node.port, "/steady/slow/0.2", connections=2, pause=0.0),
        ]
        for node in data_planes
    }
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
@pytest.mark.timeout(MINUTES * 60 + 600)
def test_twenty_minutes_of_real_life(place: Place) -> None:
    rng = random.Random(SEED)
    with running_postgres() as database, Upstream() as upstream:
        control_planes, data_planes = _gateway(place, database, upstream)
        incidents = Incidents(control_planes, data_planes, database, CONNECTIONS + 5, rng)
        memory, writer = Memory(), Writer(control_planes)
        writer.start()
        with traffic(data_planes) as (loads, posts):
            begin = time.monotonic()
            turbulent, end = begin + MINUTES * 40, begin + MINUTES * 60
            _turbulence(incidents, turbulent, rng)
            calm = time.monotonic() + (end - time.monotonic()) / 4
            _calm(memory, [*control_planes, *data_planes], end)
        writer.finish()

        _judge_failures(incidents, loads, posts)
        _judge_state(control_planes, data_planes, writer)
        growth = memory.growth(calm)
        print(f"    growth in MiB: { {name: round(value, 1) for name, value in growth.items()} }")
        assert growth, "no process lived through the quiet third"
        assert {name: value for name, value in growth.items() if value > FLAT_MIB} == {}


def _gateway(place: Place, database: object, upstream: Upstream) -> tuple[list[ControlPlane], list[DataPlane]]:
    environ = database.environ()  # type: ignore[attr-defined]
    place.gwctl("hybrid", "gen_cert")
    control_planes = [ControlPlane(place, f"cp{number}", environ) for number in (1, 2)]
    control_planes[0].bootstrap()
    for control_plane in control_planes:
        control_plane.start()
    control_planes[0].route("steady", upstream.url)
    ordered = [control_planes, control_planes[::-1]]
    data_planes = [DataPlane(place, order, f"dp{number}") for number, order in enumerate(ordered, 1)]
    for data_plane in data_planes:
        data_plane.start()
        data_plane.serves("/steady")
    return control_planes, data_planes


def _turbulence(incidents: Incidents, until: float, rng: random.Random) -> None:
    """Every deed in a shuffled order, again and again until the time is over, but each at least once."""
    while True:
        deeds = incidents.deeds()
        rng.shuffle(deeds)
        for deed in deeds:
            incidents.perform(deed)
            if time.monotonic() > until and len(incidents.done) == len(deeds):
                return


def _calm(memory: Memory, nodes: list[ControlPlane | DataPlane], until: float) -> None:
    while time.monotonic() < until:
        for node in nodes:
            memory.sample(node.name, node.prefix)
        threading.Event().wait(2)


def _judge_failures(incidents: Incidents, loads: dict[str, list[Load]], posts: list[Posts]) -> None:
    for name, kinds in loads.items():
        for load in kinds:
            print(f"    {name}: {load.report}")
            assert unexplained(name, load.report.failures, incidents.excuses) == []
            assert load.report.requests > 0
    for post in posts:
        name = post.name.removeprefix("posts ")
        windows = [(excuse.begin, excuse.end) for excuse in incidents.excuses if excuse.node == name]
        left = [wrong for wrong in post.wrong if not any(begin - 1 <= wrong[0] <= end for begin, end in windows)]
        print(f"    {name}: {post.sent} uploads, {len(post.wrong)} failed with explanation")
        assert left == []


def _judge_state(control_planes: list[ControlPlane], data_planes: list[DataPlane], writer: Writer) -> None:
    print(
        f"    {writer.writes} writes, {writer.refused} refused while something was away; {len(writer.expected)} known"
    )
    assert writer.writes > 0

    def equal() -> bool:
        hashes = [{row["config_hash"] for row in control_plane.nodes()} for control_plane in control_planes]
        return all(len(found) == 1 for found in hashes) and hashes[0] == hashes[1]

    wait_for(equal, "every node holds the same configuration", deadline=40)
    stored = [_routes(control_plane) for control_plane in control_planes]
    assert stored[0] == stored[1]
    for name, exists in writer.expected.items():
        assert (name in stored[0]) == exists, f"{name}: an acknowledged write was lost"
    for data_plane in data_planes:
        # The last write may be on its way still; once it is there, every worker must answer so, time after time.
        wait_for(functools.partial(_serves, data_plane, stored[0]), f"{data_plane.name} serves what is stored")
        for _ in range(10):
            assert _wrong(data_plane, stored[0]) == [], data_plane.name


def _serves(data_plane: DataPlane, stored: set[str]) -> bool:
    return not _wrong(data_plane, stored)


def _wrong(data_plane: DataPlane, stored: set[str]) -> list[str]:
    """The routes that a data plane answers otherwise than the stored configuration wants."""
    names = [f"live-{number:02}" for number in range(LIVE_ROUTES)]
    return [name for name in names if data_plane.get(f"/{name}").status != (200 if name in stored else 404)]


def _routes(control_plane: ControlPlane) -> set[str]:
    return {route["name"] for route in control_plane.ask("GET", "/routes?size=1000").json()["data"]}
