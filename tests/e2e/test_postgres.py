"""Two control planes on one PostgreSQL, told by the reference's variable names."""

from __future__ import annotations

import statistics

import pytest

from tests.tools.gateway import ControlPlane, DataPlane, Place
from tests.tools.postgres import Database
from tests.tools.upstream import Upstream
from tests.tools.waiting import time_until


class ReferenceControlPlane(ControlPlane):
    """A control plane started by the reference's commands and variables."""

    def __init__(self, place: Place, name: str, database: Database) -> None:
        super().__init__(place, name)
        self.environ = {
            "KONG_ROLE": "control_plane",
            "KONG_ADMIN_LISTEN": f"127.0.0.1:{self.admin_port}",
            "KONG_CLUSTER_LISTEN": f"127.0.0.1:{self.cluster_port}",
            "KONG_CLUSTER_CERT": str(place.directory / "cluster.crt"),
            "KONG_CLUSTER_CERT_KEY": str(place.directory / "cluster.key"),
            **database.environ(),
        }

    def start_as_scripts_do(self) -> None:
        assert self.gwctl("start", "-p", str(self.prefix)).out.splitlines()[-1] == "Kong started"


class ReferenceDataPlane(DataPlane):
    """A data plane started by the reference's commands and variables."""

    def __init__(self, place: Place, name: str, control_plane: ControlPlane) -> None:
        super().__init__(place, [control_plane], name)
        self.environ = {
            "KONG_ROLE": "data_plane",
            "KONG_DATABASE": "off",
            "KONG_CLUSTER_CONTROL_PLANE": control_plane.address,
            "KONG_PROXY_LISTEN": f"127.0.0.1:{self.port}",
            "KONG_STATUS_LISTEN": f"127.0.0.1:{self.status_port}",
            "KONG_NGINX_WORKER_PROCESSES": "2",
            "KONG_CLUSTER_CERT": str(place.directory / "cluster.crt"),
            "KONG_CLUSTER_CERT_KEY": str(place.directory / "cluster.key"),
        }

    def start_as_scripts_do(self) -> None:
        assert self.gwctl("start", "-p", str(self.prefix)).out.splitlines()[-1] == "Kong started"


@pytest.mark.serial
@pytest.mark.postgres
def test_a4_a_write_on_one_control_plane_is_served_by_the_data_plane_of_the_other(
    place: Place, database: Database, upstream: Upstream
) -> None:
    place.set_up("hybrid", "gen_cert")
    control_planes = [ReferenceControlPlane(place, f"cp{index}", database) for index in (1, 2)]
    data_planes = [
        ReferenceDataPlane(place, f"dp{index}", control_plane)
        for index, control_plane in enumerate(control_planes, start=1)
    ]
    control_planes[0].gwctl("migrations", "bootstrap", "-p", str(control_planes[0].prefix))
    for node in (*control_planes, *data_planes):
        node.start_as_scripts_do()
    first, second = control_planes
    first.route("echo", upstream.url)
    for data_plane in data_planes:
        data_plane.serves("/echo")

    delays = []
    for number in range(9):
        writer, reader = (first, data_planes[1]) if number % 2 == 0 else (second, data_planes[0])
        writer.write("POST", "/services/echo/routes", form={"name": f"r{number}", "paths[]": f"/r{number}"})
        delays.append(time_until(lambda: reader.get(f"/r{number}").status == 200, "the other side serves it"))  # noqa: B023
    assert statistics.median(delays) <= 0.1, delays

    assert {node["id"] for node in first.nodes()} == {node["id"] for node in second.nodes()}
    assert len(first.nodes()) == 2
    for node in (*data_planes, *control_planes):
        assert node.gwctl("quit", "-p", str(node.prefix)).out == "Kong stopped (gracefully)\n"


@pytest.mark.postgres
def test_a_database_that_is_down_is_named(place: Place, database: Database) -> None:
    place.set_up("hybrid", "gen_cert")
    control_plane = ReferenceControlPlane(place, "cp", database)

    started = control_plane.gwctl("start", ok=False, env={"KONG_PG_PORT": str(place.ports.take())})

    assert started.code == 1
    assert started.err.startswith("Error: [PostgreSQL error] ")
    assert "connection refused" in started.err.lower()
    place.becomes_empty()
