"""Health checks across the processes of a node, through the installed command (proxy.md 7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.tools.client import ask
from tests.tools.dbless import Dbless
from tests.tools.gateway import place_in
from tests.tools.hybrid import Hybrid
from tests.tools.traditional import Traditional
from tests.tools.upstream import Upstream
from tests.tools.waiting import wait_for

MANY = 24
"""Connections that both workers surely have some of."""


@pytest.fixture(scope="module")
def hybrid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hybrid]:
    """Two data planes of two workers; the second one heals what only passive checks took out."""
    with place_in(tmp_path_factory.mktemp("health")) as place, Upstream() as upstream:
        made = Hybrid(place, upstream, 2, 2)
        made.data_planes[1].environ["GWCTL_PASSIVE_RECOVERY"] = "1"
        made.start()
        yield made


def balanced(hybrid: Hybrid, name: str, port: int, checks: Any) -> None:
    """A route ``/name`` to an upstream with one target."""
    write = hybrid.control_plane.write
    write("POST", "/upstreams", data={"name": f"{name}.up", "healthchecks": checks})
    write("POST", f"/upstreams/{name}.up/targets", data={"target": f"127.0.0.1:{port}"})
    write("POST", "/services", data={"name": name, "host": f"{name}.up", "retries": 0})
    write("POST", f"/services/{name}/routes", data={"paths": [f"/{name}"]})
    for data_plane in hybrid.data_planes:
        data_plane.serves(f"/{name}/x")


PASSIVE = {"passive": {"unhealthy": {"http_failures": 1}}}


def test_what_one_worker_sees_holds_for_all_and_a_probe_heals_it(hybrid: Hybrid) -> None:
    data_plane, control_plane = hybrid.data_plane, hybrid.control_plane
    with Upstream() as target:
        balanced(hybrid, "one", target.port, PASSIVE)
        assert data_plane.get("/one/code/500").status == 500
        before = target.received
        assert {data_plane.get("/one/x").status for _ in range(MANY)} == {503}
        assert target.received == before, "no worker asks it again"

        data_plane.kill("worker")
        wait_for(lambda: data_plane.get("/echo").status == 200, "successors of the workers")
        assert {data_plane.get("/one/x").status for _ in range(MANY)} == {503}, "it outlives the workers"
        data_plane.reload()
        assert {data_plane.get("/one/x").status for _ in range(MANY)} == {503}, "and a reload"

        checks = {"active": {"http_path": "/probed", "unhealthy": {"interval": 0.2}, "healthy": {"successes": 1}}}
        control_plane.write("PATCH", "/upstreams/one.up", data={"healthchecks": checks})
        wait_for(lambda: data_plane.get("/one/x").status == 200, "a probe heals it")
        assert {data_plane.get("/one/x").status for _ in range(MANY)} == {200}


def test_probes_take_a_target_out_before_a_client_notices(hybrid: Hybrid) -> None:
    checks = {
        "active": {
            "type": "tcp",
            "healthy": {"interval": 0.2, "successes": 1},
            "unhealthy": {"interval": 0.2, "tcp_failures": 1},
        }
    }
    with Upstream() as target:
        balanced(hybrid, "two", target.port, checks)
        port = target.port
    wait_for(
        lambda: f"127.0.0.1:{port} is unhealthy now: too many failed connections" in hybrid.data_plane.log,
        "the log says so",
    )
    assert hybrid.data_plane.get("/two/x").status == 503
    with Upstream(port=port):
        wait_for(lambda: hybrid.data_plane.get("/two/x").status == 200, "a probe heals it")


def test_one_trial_request_heals_what_nobody_probes(hybrid: Hybrid) -> None:
    first, second = hybrid.data_planes
    with Upstream() as target:
        balanced(hybrid, "three", target.port, PASSIVE)
        for data_plane in hybrid.data_planes:
            assert data_plane.get("/three/code/500").status == 500
            assert data_plane.get("/three/x").status == 503
        wait_for(lambda: second.get("/three/x").status == 200, "a request that tries it")
        assert {second.get("/three/x").status for _ in range(MANY)} == {200}
        assert first.get("/three/x").status == 503, "without the setting it stays out"


# A node with an Admin API


@pytest.fixture(scope="module")
def dbless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dbless]:
    with place_in(tmp_path_factory.mktemp("dbless-health")) as place:
        node = Dbless(place)
        node.start()
        yield node


def document(*targets: str, checks: str = "") -> str:
    lines = "".join(f"  - target: {target}\n" for target in targets)
    return (
        '_format_version: "3.0"\n'
        f"upstreams:\n- name: u\n{checks}  targets:\n{lines}"
        "services:\n- name: s\n  host: u\n  retries: 0\n  routes:\n  - name: r\n    paths: [/]\n"
    )


def load(node: Dbless, text: str) -> None:
    answer = node.admin("POST", "/config", body=text.encode(), headers={"Content-Type": "text/yaml"})
    assert answer.status == 201, answer.text


def states(node: Dbless) -> dict[str, str]:
    data = node.admin("GET", "/upstreams/u/health").json()["data"]
    return {each["target"]: each["health"] for each in data}


def test_15_off_11_marks_take_targets_out_of_all_workers_and_bring_them_back(dbless: Dbless) -> None:
    with Upstream() as one, Upstream() as two:
        checks = "  healthchecks: {passive: {unhealthy: {http_failures: 1}}}\n"
        here, there = f"127.0.0.1:{one.port}", f"localhost:{two.port}"
        load(dbless, document(here, there, "127.0.0.3", checks=checks))
        assert dbless.admin("GET", "/upstreams/u/targets/127.0.0.3:8000").json()["target"] == "127.0.0.3:8000"
        assert dbless.admin("PUT", "/upstreams/u/targets/127.0.0.3/unhealthy").status == 204
        wait_for(lambda: states(dbless) == {here: "HEALTHY", there: "HEALTHY", "127.0.0.3:8000": "UNHEALTHY"}, "names")
        assert dbless.admin("PUT", f"/upstreams/u/targets/{there}/unhealthy").status == 204
        assert states(dbless)[there] == "UNHEALTHY"
        assert {dbless.get("/") for _ in range(MANY)} == {200}
        assert (one.received, two.received) == (MANY, 0)
        assert dbless.admin("PUT", f"/upstreams/u/targets/{here}/{here}/unhealthy").status == 204
        assert {dbless.get("/") for _ in range(MANY)} == {503}
        whole = dbless.admin("GET", "/upstreams/u/health?balancer_health=1").json()["data"]
        assert (whole["health"], whole["balancer_health"], whole["details"]["healthy"]) == (
            "UNHEALTHY",
            "UNHEALTHY",
            False,
        )
        assert dbless.admin("PUT", f"/upstreams/u/targets/{here}/{here}/healthy").status == 204
        assert {dbless.get("/") for _ in range(MANY)} == {200}
        refused = dbless.admin("PUT", f"/upstreams/u/targets/{here}/127.0.0.9:{one.port}/healthy")
        assert (refused.status, refused.json()["message"]) == (
            400,
            f"target '{here}' has no address '127.0.0.9:{one.port}'",
        )
        assert dbless.admin("PUT", f"/upstreams/no/targets/{here}/healthy").status == 404
        through_status = ask("GET", f"http://127.0.0.1:{dbless.status_port}/upstreams/u/health").json()["data"]
        assert {each["target"]: each["health"] for each in through_status} == states(dbless)


def test_5_without_checks_health_is_off_and_a_name_without_address_is_an_error(dbless: Dbless) -> None:
    with Upstream() as one:
        load(dbless, document(f"127.0.0.1:{one.port}", "nowhere.invalid:80"))
        expected = {f"127.0.0.1:{one.port}": "HEALTHCHECKS_OFF", "nowhere.invalid:80": "DNS_ERROR"}
        wait_for(lambda: states(dbless) == expected, "health of both")
        whole = dbless.admin("GET", "/upstreams/u/health?balancer_health=1").json()["data"]
        assert (whole["health"], whole["balancer_health"]) == ("HEALTHCHECKS_OFF", "HEALTHY")


# Two nodes on one database


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Traditional, Traditional]]:
    with (
        place_in(tmp_path_factory.mktemp("first")) as place,
        place_in(tmp_path_factory.mktemp("second")) as other,
    ):
        first, second = Traditional(place), Traditional(other)
        first.started()
        second.prefix.mkdir(mode=0o700)
        second.environ["KONG_DATABASE_PATH"] = str(first.prefix / "gwctl.db")
        second.gwctl("start")
        yield first, second


def admin(node: Traditional, method: str, path: str, **options: Any) -> Any:
    answer = ask(method, f"http://127.0.0.1:{node.admin_port}{path}", **options)
    assert answer.status in (200, 201, 204), answer.text
    return answer.json() if answer.body else None


def health_of(node: Traditional) -> dict[str, str]:
    return {each["target"]: each["health"] for each in admin(node, "GET", "/upstreams/pair/health")["data"]}


def test_10_11_what_a_node_is_told_holds_on_all_nodes_of_its_database(pair: tuple[Traditional, Traditional]) -> None:
    first, second = pair
    with Upstream() as one, Upstream() as two:
        here, there = f"127.0.0.1:{one.port}", f"127.0.0.1:{two.port}"
        admin(first, "POST", "/upstreams", data={"name": "pair", "healthchecks": PASSIVE})
        for target in (here, there):
            admin(first, "POST", "/upstreams/pair/targets", data={"target": target})
        admin(first, "POST", "/services", data={"name": "one", "host": "pair"})
        admin(first, "POST", "/services/one/routes", data={"paths": ["/one"]})
        for node in pair:
            node.serves()
            wait_for(lambda: health_of(node) == dict.fromkeys((here, there), "HEALTHY"), "both are healthy")  # noqa: B023

        admin(first, "PUT", f"/upstreams/pair/targets/{there}/unhealthy")
        assert health_of(first)[there] == "UNHEALTHY"
        wait_for(lambda: health_of(second)[there] == "UNHEALTHY", "the other node heard")
        before = two.received
        assert {ask("GET", f"http://127.0.0.1:{node.port}/one").status for node in pair for _ in range(MANY)} == {200}
        assert two.received == before

        admin(second, "PUT", f"/upstreams/pair/targets/{there}/{there}/healthy")
        wait_for(lambda: health_of(first)[there] == health_of(second)[there] == "HEALTHY", "both heard")

        # 08-targets_routes#5: probes of dead ports, and targets without weight
        checks = {"passive": {"unhealthy": {"http_failures": 0}}, "active": DEAD}
        admin(first, "PATCH", "/upstreams/pair", data={"healthchecks": checks})
    for node in pair:
        wait_for(lambda: set(health_of(node).values()) == {"UNHEALTHY"}, "probes of dead ports")  # noqa: B023
    admin(first, "PATCH", f"/upstreams/pair/targets/{here}", data={"weight": 0})
    wait_for(lambda: health_of(second)[here] == "HEALTHCHECKS_OFF", "a target without weight")
    with Upstream(port=one.port):
        admin(first, "PATCH", f"/upstreams/pair/targets/{here}", data={"weight": 10})
        wait_for(lambda: health_of(second)[here] == "HEALTHY", "a target with weight again")


DEAD = {
    "healthy": {"interval": 0.2, "successes": 1},
    "unhealthy": {"interval": 0.2, "tcp_failures": 1, "http_failures": 1, "timeouts": 1},
}
