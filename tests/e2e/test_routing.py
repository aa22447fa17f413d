"""Routing by every worker of real nodes: from the first request on, after a worker is replaced, on every data plane."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.tools.client import ask
from tests.tools.dbless import Dbless, dbless_in
from tests.tools.gateway import DataPlane, place_in
from tests.tools.hybrid import Hybrid, hybrid_in
from tests.tools.upstream import Upstream
from tests.tools.waiting import wait_for

DOCUMENT = """
_format_version: "3.0"
services:
- name: one
  url: {url}
  routes:
  - name: expression
    expression: http.path ^= "/one" && http.queries.kind == "x"
    priority: 70368744177663
  - name: plain
    paths: [/one]
"""


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream() as made:
        yield made


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, upstream: Upstream) -> Iterator[Dbless]:
    """Four workers with the flavor ``expressions``, which tell what matched."""
    environ = {"KONG_ROUTER_FLAVOR": "expressions", "KONG_ALLOW_DEBUG_HEADER": "on"}
    with dbless_in(tmp_path_factory.mktemp("routing"), environ, workers=4) as made:
        made.loaded(DOCUMENT.format(url=upstream.url))
        yield made


def found(node: Dbless, path: str) -> tuple[int, str | None]:
    answer = ask("GET", f"http://127.0.0.1:{node.port}{path}", headers={"Kong-Debug": "1"})
    return answer.status, answer.headers.get("kong-route-name")


def test_every_worker_has_every_route_at_once(node: Dbless) -> None:
    answers = Counter(found(node, path) for _ in range(250) for path in ("/one", "/one?kind=x", "/one?kind=y", "/no"))
    assert answers == {(200, "plain"): 500, (200, "expression"): 250, (404, None): 250}


def test_a_worker_that_took_the_place_of_another_has_them_too(node: Dbless) -> None:
    before = {process.pid for process in node.of_kind("worker")}
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    node.again("worker", before)
    assert Counter(found(node, "/one?kind=x") for _ in range(100)) == {(200, "expression"): 100}


@pytest.fixture(scope="module")
def hybrid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hybrid]:
    """Two data planes of two workers."""
    root: Path = tmp_path_factory.mktemp("routing-hybrid")
    with place_in(root) as place, hybrid_in(place, data_planes=2) as made:
        yield made


def test_every_worker_of_every_data_plane_follows_changes_of_routes(hybrid: Hybrid) -> None:
    admin = hybrid.control_plane
    admin.route("changing", hybrid.upstream.url)
    for data_plane in hybrid.data_planes:
        data_plane.serves("/changing")
    hybrid.settled()
    for data_plane in hybrid.data_planes:
        assert {data_plane.get("/changing").status for _ in range(60)} == {200}
    (record,) = admin.ask("GET", "/services/changing/routes").json()["data"]
    admin.write("PATCH", f"/routes/{record['id']}", data={"paths": ["/changed"]})
    for data_plane in hybrid.data_planes:
        wait_for(partial(follows, data_plane), "every worker follows the change", deadline=20)


def follows(data_plane: DataPlane) -> bool:
    answers = {(data_plane.get("/changing").status, data_plane.get("/changed").status) for _ in range(30)}
    return answers == {(404, 200)}
