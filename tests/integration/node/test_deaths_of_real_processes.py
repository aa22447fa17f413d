"""Processes of real nodes die: each is replaced, and what it did is done again."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.tools import processes
from tests.tools.client import ask
from tests.tools.gateway import ControlPlane, DataPlane, Node, Place
from tests.tools.hybrid import Hybrid, hybrid_in
from tests.tools.load import Load
from tests.tools.postgres import running_postgres
from tests.tools.traditional import Traditional
from tests.tools.upstream import Upstream
from tests.tools.waiting import wait_for


@pytest.fixture
def hybrid(place: Place) -> Iterator[Hybrid]:
    with hybrid_in(place, workers=1) as made:
        yield made


def replaced(node: Node, kind: str, victims: list[psutil.Process]) -> None:
    gone = {victim.pid for victim in victims}
    wait_for(lambda: {process.pid for process in node.of_kind(kind)} - gone, f"another {kind}", deadline=15)


def test_a_killed_api_process_comes_back_and_the_data_plane_notices_nothing(hybrid: Hybrid) -> None:
    with Load(hybrid.data_plane.port, "/echo", connections=2) as load:
        victims = hybrid.control_plane.of_kind("api")
        hybrid.control_plane.kill("api")
        replaced(hybrid.control_plane, "api", victims)
        hybrid.control_plane.route("second", hybrid.upstream.url)
        hybrid.data_plane.serves("/second")
        report = load.stop()
    assert report.failures == []


def test_a_killed_hub_comes_back_and_so_do_its_data_planes(hybrid: Hybrid) -> None:
    with Load(hybrid.data_plane.port, "/echo", connections=2) as load:
        victims = hybrid.control_plane.of_kind("hub")
        hybrid.control_plane.kill("hub")
        hybrid.control_plane.route("second", hybrid.upstream.url)
        replaced(hybrid.control_plane, "hub", victims)
        hybrid.data_plane.serves("/second", deadline=20)
        report = load.stop()
    assert report.failures == []


def test_every_process_of_a_control_plane_but_its_supervisor_may_die_at_once(hybrid: Hybrid) -> None:
    for kind in ("forks", "api", "hub"):
        hybrid.control_plane.kill(kind)
    wait_for(lambda: answers(hybrid.control_plane), "the Admin API answers", deadline=20)
    hybrid.control_plane.route("second", hybrid.upstream.url)
    hybrid.data_plane.serves("/second", deadline=20)


def answers(control_plane: ControlPlane) -> bool:
    try:
        return control_plane.ask("GET", "/status").status == 200
    except OSError:
        return False


@pytest.mark.postgres
def test_without_its_database_a_control_plane_serves_data_planes_and_comes_back(place: Place) -> None:
    with running_postgres() as server, Upstream() as upstream:
        control_plane = ControlPlane(place, environ=server.environ())
        place.gwctl("hybrid", "gen_cert")
        control_plane.bootstrap()
        control_plane.start()
        control_plane.route("echo", upstream.url)
        first = DataPlane(place, [control_plane], "first", workers=1)
        first.start()
        first.serves("/echo")

        server.stop()
        for kind in ("api", "hub"):
            victims = control_plane.of_kind(kind)
            control_plane.kill(kind)
            replaced(control_plane, kind, victims)
        wait_for(lambda: answers(control_plane), "the Admin API answers", deadline=20)
        assert control_plane.ask("GET", "/status").json()["database"] == {"reachable": False}
        newcomer = DataPlane(place, [control_plane], "newcomer", workers=1)
        newcomer.start()
        newcomer.serves("/echo", deadline=20)

        server.start()
        wait_for(lambda: control_plane.ask("GET", "/status").json()["database"]["reachable"], "the database is back")
        control_plane.route("second", upstream.url)
        first.serves("/second", deadline=20)
        newcomer.serves("/second")
        wait_for(lambda: len(control_plane.nodes()) == 2, "both data planes are recorded")


def test_a_killed_follower_of_a_traditional_node_follows_again(place: Place) -> None:
    node = Traditional(place)
    node.started()
    with Upstream() as upstream:
        node.proxied(upstream)
        processes.kill(processes.of_kind(node.prefix, "follower"), signal.SIGKILL)
        admin = f"http://127.0.0.1:{node.admin_port}"
        assert ask("POST", f"{admin}/services/one/routes", form={"paths[]": "/two"}).status == 201
        wait_for(lambda: ask("GET", f"http://127.0.0.1:{node.port}/two").status == 200, "config flows", deadline=10)


def test_a_truncated_cache_is_an_incident_and_not_the_end(hybrid: Hybrid) -> None:
    data_plane = hybrid.data_plane
    data_plane.stop()
    cache = data_plane.prefix / "dbless.lmdb"
    current = cache / (cache / "CURRENT").read_text().strip() / "data.mdb"
    _truncate(current)
    data_plane.start()
    data_plane.serves("/echo")
    assert "was set aside" in data_plane.log


def _truncate(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
