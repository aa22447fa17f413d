"""The Status API of every role (hybrid.md 10 and 12.5; S and A numbers are its lists')."""

from __future__ import annotations

import http.client
import json
import re
import ssl

import pytest

from tests.tools.client import Answer, ask
from tests.tools.gateway import ControlPlane, DataPlane, Place
from tests.tools.hybrid import ZEROS
from tests.tools.postgres import running_postgres
from tests.tools.traditional import Traditional
from tests.tools.upstream import Upstream
from tests.tools.waiting import wait_for

READY = {"message": "ready"}


class WatchedControlPlane(ControlPlane):
    """A control plane with a Status API of its own, which it has only when it is told to."""

    def __init__(self, place: Place, environ: dict[str, str] | None = None) -> None:
        super().__init__(place, environ=environ)
        self.status_port = place.ports.take()
        self.environ["GWCTL_STATUS_LISTEN"] = f"127.0.0.1:{self.status_port}"

    def status(self, path: str = "/status") -> Answer:
        return ask("GET", f"http://127.0.0.1:{self.status_port}{path}")


def answers(node: WatchedControlPlane | DataPlane, status: int, body: dict[str, str]) -> None:
    """Wait until ``/status/ready`` answers exactly this."""

    def same() -> bool:
        answer = node.status("/status/ready")
        return (answer.status, answer.json()) == (status, body)

    wait_for(same, f"{node.name} answers {status} {body}{node.place.last_lines()}", deadline=30)


def test_s1_s6_a26_readiness_follows_the_configuration_and_not_the_control_plane(
    place: Place, upstream: Upstream
) -> None:
    place.set_up("hybrid", "gen_cert")
    control_plane = WatchedControlPlane(place)
    control_plane.prepare()
    data_plane = DataPlane(place, [control_plane], workers=2)
    data_plane.start()
    empty = {"message": "no configuration available (empty configuration present)"}
    answers(data_plane, 503, empty)
    assert data_plane.status().json()["configuration_hash"] == ZEROS

    control_plane.start()
    answers(control_plane, 200, READY)
    control_plane.route("echo", upstream.url)
    answers(data_plane, 200, READY)
    data_plane.serves("/echo")
    (node,) = wait_for(control_plane.nodes, "the data plane is listed")
    told = wait_for(lambda: data_plane.status().json()["configuration_hash"], "a hash")
    assert re.fullmatch("[0-9a-f]{32}", told)
    assert told != ZEROS
    wait_for(lambda: control_plane.nodes()[0]["config_hash"] == told, f"the same hash is listed: {node}")
    of_control_plane = control_plane.status().json()
    assert "configuration_hash" not in of_control_plane
    assert of_control_plane["database"] == {"reachable": True}
    assert "database" not in data_plane.status().json()

    assert control_plane.gwctl("quit").out == "Kong stopped (gracefully)\n"
    answers(data_plane, 200, READY)
    control_plane.start()
    wait_for(lambda: control_plane.log.count("data plane connected") == 2, "it is linked again", deadline=20)
    answers(data_plane, 200, READY)
    assert data_plane.status().json()["configuration_hash"] == told


def test_s1_s6_a_traditional_node_is_ready_and_has_no_hash(place: Place, upstream: Upstream) -> None:
    node = Traditional(place)
    node.started()
    node.proxied(upstream)
    status = f"http://127.0.0.1:{node.status_port}/status"

    ready, told = ask("GET", f"{status}/ready"), ask("GET", status).json()

    assert (ready.status, ready.json()) == (200, READY)
    assert set(told) == {"database", "memory", "server"}
    assert told["database"] == {"reachable": True}
    assert {worker["pid"] for worker in told["memory"]["workers_lua_vms"]} >= {each.pid for each in node.workers()}
    on_admin = ask("GET", f"http://127.0.0.1:{node.admin_port}/status")
    assert set(on_admin.json()) == set(told)
    assert ask("GET", f"http://127.0.0.1:{node.admin_port}/status/ready").status == 404


@pytest.mark.postgres
def test_s2_a_database_that_goes_away_and_comes_back(place: Place) -> None:
    with running_postgres() as postgres:
        place.set_up("hybrid", "gen_cert")
        control_plane = WatchedControlPlane(place, postgres.create_database().environ())
        control_plane.bootstrap()
        control_plane.start()

        def reachable() -> tuple[bool, bool]:
            told = control_plane.status(), control_plane.ask("GET", "/status")
            assert [answer.status for answer in told] == [200, 200]
            return told[0].json()["database"]["reachable"], told[1].json()["database"]["reachable"]

        wait_for(lambda: reachable() == (True, True), "both say that it answers")
        postgres.stop()
        wait_for(lambda: reachable() == (False, False), "both say that it does not", deadline=20)
        answers(control_plane, 503, {"message": "failed to connect to database"})
        postgres.start()
        wait_for(lambda: reachable() == (True, True), "both say that it answers again", deadline=20)
        answers(control_plane, 200, READY)


def test_s3_tls_and_the_flag_http2(place: Place) -> None:
    """The flag is taken; what is spoken is HTTP/1.1, also to clients that would like HTTP/2 better."""
    place.set_up("hybrid", "gen_cert")
    data_plane = DataPlane(place, [ControlPlane(place)], workers=1)
    data_plane.start(env={"GWCTL_STATUS_LISTEN": f"127.0.0.1:{data_plane.status_port} http2 ssl"})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    connection = http.client.HTTPSConnection("127.0.0.1", data_plane.status_port, timeout=10, context=context)

    connection.request("GET", "/status")

    assert isinstance(connection.sock, ssl.SSLSocket)
    assert connection.sock.selected_alpn_protocol() == "http/1.1"
    assert json.loads(connection.getresponse().read())["configuration_hash"] == ZEROS
    connection.close()


@pytest.mark.serial
@pytest.mark.usefixtures("documented_ports")
def test_s5_a_data_plane_has_a_status_api_on_8007_unless_told_otherwise(place: Place) -> None:
    place.set_up("hybrid", "gen_cert")
    data_plane = DataPlane(place, [ControlPlane(place)], workers=1)
    del data_plane.environ["GWCTL_STATUS_LISTEN"]

    data_plane.start()

    assert ask("GET", "http://127.0.0.1:8007/status").status == 200
    assert ask("GET", "http://127.0.0.1:8007/services").json() == {"message": "Not found"}
