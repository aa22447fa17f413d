"""What the Admin API of a real node tells of the processes around it (acceptance lists 01, 02, 05, 08, 20)."""

from __future__ import annotations

import os
import time
from typing import Any

from tests.tools.client import Answer, ask
from tests.tools.dbless import Dbless
from tests.tools.gateway import Place
from tests.tools.traditional import Traditional
from tests.tools.upstream import Upstream
from tests.tools.waiting import wait_for

LOUD = "can be reached from other machines"


def admin(node: Traditional, method: str, path: str, **options: Any) -> Answer:
    return ask(method, f"http://127.0.0.1:{node.admin_port}{path}", **options)


def level(node: Traditional) -> str:
    return str(admin(node, "GET", "/debug/node/log-level").json()["message"]).removeprefix("log level: ")


def test_a_node_tells_what_its_workers_serve(place: Place, upstream: Upstream) -> None:
    node = Traditional(place)
    node.environ["KONG_ADMIN_LISTEN"] = f"127.0.0.1:{node.admin_port}, 0.0.0.0:{(second := place.ports.take())}"
    node.environ["KONG_NODE_ID"] = "6b7d3a52-9cbf-4bd4-8a3a-1d2c5f1f8a11"
    node.started()
    node.proxied(upstream)
    assert ask("GET", f"http://127.0.0.1:{second}/").json()["node_id"] == node.environ["KONG_NODE_ID"]
    assert f"admin_listen 0.0.0.0:{second} {LOUD}" in node.log
    assert f"127.0.0.1:{node.admin_port} {LOUD}" not in node.log

    root = admin(node, "GET", "/").json()
    assert root["plugins"]["available_on_server"]["key-auth"] == {"version": "3.8.1", "priority": 1250}
    assert root["pids"]["master"] == node.pid
    assert {process.pid for process in node.workers()} <= set(root["pids"]["workers"])
    status = admin(node, "GET", "/status").json()
    assert len(status["server"]) == 7
    assert all(isinstance(figure, int) for figure in status["server"].values())
    assert (status["database"], "configuration_hash" in status) == ({"reachable": True}, False)

    admin(node, "POST", "/upstreams", form={"name": "up.test"})
    for target in ("127.0.0.1:8001", "localhost:8002", "no-such-name.invalid:80"):
        assert admin(node, "POST", "/upstreams/up.test/targets", form={"target": target}).status == 201

    def states() -> dict[str, str]:
        body = admin(node, "GET", "/upstreams/up.test/health").json()
        assert body["node_id"] == root["node_id"]
        return {each["target"]: each["health"] for each in body["data"]}

    wait_for(
        lambda: (
            states()
            == {
                "127.0.0.1:8001": "HEALTHCHECKS_OFF",
                "localhost:8002": "HEALTHCHECKS_OFF",
                "no-such-name.invalid:80": "DNS_ERROR",
            }
        ),
        "the balancer knows the targets",
    )
    service = admin(node, "GET", "/services/one").json()
    assert admin(node, "GET", f"/cache/services:{service['id']}:::::").json() == service
    assert admin(node, "GET", "/cache/services:nothing:::::").status == 404


def _stays_changed(node: Traditional) -> None:
    """A death and a reload do not end a level; the while is longer on a machine that needs longer for them."""
    for seconds in (4, 16, 48):
        changed = admin(node, "PUT", f"/debug/node/log-level/debug?timeout={seconds}")
        end = time.monotonic() + seconds
        assert changed.json() == {"message": "log level changed"}
        (before, *_) = node.workers()
        os.kill(before.pid, 9)
        wait_for(
            lambda pid=before.pid: pid not in {each.pid for each in node.workers()} and len(node.workers()) == 2,
            "a successor",
        )
        node.gwctl("reload")
        found = level(node)
        if time.monotonic() < end:
            assert found == "debug"
            return
    raise AssertionError("a reload took 48 s")


def test_a_log_level_for_a_while(place: Place) -> None:
    node, other = Traditional(place), Traditional(place)
    other.prefix = place.directory.parent / "other"
    other.environ["KONG_PREFIX"] = str(other.prefix)
    other.environ["KONG_DATABASE_PATH"] = node.environ["KONG_DATABASE_PATH"] = str(place.directory / "shared.db")
    node.started()
    assert other.gwctl("start").code == 0
    assert level(node) == "notice"
    _stays_changed(node)
    wait_for(lambda: level(node) == "notice", "the configured level is back", deadline=60)
    assert admin(node, "PUT", "/debug/cluster/log-level/crit").status == 200
    wait_for(lambda: (level(node), level(other)) == ("crit", "crit"), "both nodes heard")


def test_no_database_no_change_of_the_level(place: Place) -> None:
    node = Dbless(place)
    node.start()
    answer = node.admin("PUT", "/debug/node/log-level/debug")
    assert (answer.status, answer.json()) == (405, {"message": "cannot change log level when not using a database"})
    assert node.admin("GET", "/debug/node/log-level").json() == {"message": "log level: info"}


def test_an_admin_api_that_is_off(place: Place) -> None:
    node = Traditional(place)
    node.environ["KONG_ADMIN_LISTEN"] = "off"
    node.started()
    status = ask("GET", f"http://127.0.0.1:{node.status_port}/status")
    assert (status.status, status.json()["database"]) == (200, {"reachable": True})
    ports = {connection.laddr.port for process in node.tree() for connection in process.net_connections("tcp")}
    assert node.admin_port not in ports
