"""Timers, log levels, cache, CORS and limits (acceptance lists 05-cache_routes, 20-timers)."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gwctl.node.level_notices import LevelNotices
from gwctl.store import Store
from tests.integration.admin.conftest import Admin, Serve, StubNode

WITHOUT_WASM = {"message": "this endpoint is only available when wasm is enabled"}
TOO_MANY = {"message": "Too many arguments"}
NOT_FOUND = {"message": "Not found"}


def test_timers(admin: Admin) -> None:
    body = admin.ask("GET", "/timers").json
    assert all(isinstance(body["worker"][name], int) for name in ("id", "count"))
    assert all(isinstance(body["stats"]["flamegraph"][name], str) for name in ("running", "pending", "elapsed_time"))
    figures = body["stats"]["sys"]
    assert all(isinstance(figures[name], int) for name in ("total", "runs", "running", "pending", "waiting"))
    assert figures["total"] == figures["running"] + figures["pending"] + figures["waiting"] >= 1
    assert figures["running"] == 1
    assert isinstance(body["stats"]["timers"], dict)
    dns = admin.ask("GET", "/status/dns")
    assert (dns.status, dns.json) == (501, {"message": "not implemented with the legacy DNS client"})


def test_too_many_arguments(admin: Admin) -> None:
    many = "&".join(f"a{number}=1" for number in range(1001))
    assert (admin.ask("POST", "/services", form=many).status, admin.ask("POST", "/services", form=many).json) == (
        400, TOO_MANY,
    )  # fmt: skip
    for method, values in (("GET", None), ("POST", {"host": "a.b"})):
        answer = admin.ask(method, f"/services?{many}", values)
        assert (answer.status, answer.json) == (400, TOO_MANY)


def told(answer: Any) -> tuple[int, str]:
    return answer.status, answer.json["message"]


def test_the_log_level_of_a_node(admin: Admin, serve: Serve, store: Store) -> None:
    def put(path: str, **options: Any) -> tuple[int, str]:
        return told(admin.ask("PUT", f"/debug/node/log-level/{path}", **options))

    assert told(admin.ask("GET", "/debug/node/log-level")) == (200, "log level: notice")
    assert put("notice") == (200, "log level is already notice")
    assert put("debug") == (200, "log level changed")
    assert (admin.node.seconds, admin.node.level) == (60.0, "debug")
    assert told(admin.ask("GET", "/debug/node/log-level")) == (200, "log level: debug")
    assert admin.ask("GET", "/").json["configuration"]["log_level"] == "debug"
    assert put("info?timeout=4.2") == (200, "log level changed")
    assert admin.node.seconds == 5.0
    assert put("warn", form="timeout=7") == (200, "log level changed")
    assert admin.node.seconds == 7.0
    assert put("stderr") == (400, "unknown log level: stderr")
    assert put("crit?timeout=-1") == (400, "timeout must be greater than or equal to 0")
    assert admin.node.level == "warn"
    with serve(environ={"GWCTL_DATABASE": "off"}, role="traditional") as without:
        answer = without.ask("PUT", "/debug/node/log-level/notice")
        assert told(answer) == (405, "cannot change log level when not using a database")


@pytest.mark.parametrize("role", ["traditional", "control_plane"])
def test_the_log_level_of_all_nodes(serve: Serve, store: Store, role: str) -> None:
    everywhere = "/debug/cluster/log-level/emerg"
    control_planes = "/debug/cluster/control-planes-nodes/log-level/emerg"
    here, there = (everywhere, control_planes) if role == "traditional" else (control_planes, everywhere)
    second = StubNode()
    follower = LevelNotices(store, second)

    def follow() -> None:
        async def once() -> None:
            with ThreadPoolExecutor(1) as executor:
                await follower.follow(asyncio.get_running_loop(), executor)

        asyncio.run(once())

    with serve(role=role) as admin:
        follow()
        assert admin.ask("PUT", there).status == 404
        assert told(admin.ask("PUT", here + "?timeout=9")) == (200, "log level changed")
        assert admin.node.level == "emerg"
        follow()
        assert (second.level, second.seconds) == ("emerg", 9.0)
        second.level = "info"
        follow()
        assert second.level == "info"
        late = StubNode()
        follower = LevelNotices(store, late)
        follow()
        assert late.level == "notice"


@pytest.mark.parametrize("url", ["", "http://gui.test:8002", "http://gui.test:8002/manager"])
def test_origins(serve: Serve, url: str) -> None:
    with serve(environ={"GWCTL_ADMIN_GUI_URL": url}) as admin:
        for origin, expected in (("http://any.test", "http://any.test"), (None, "*")):
            sent = {"Origin": origin} if origin else {}
            simple = admin.ask("GET", "/services", headers=sent)
            preflight = admin.ask("OPTIONS", "/services", headers={**sent, "Access-Control-Request-Headers": "X-A"})
            for answer in (simple, preflight):
                assert answer.headers["Access-Control-Allow-Origin"] == ("http://gui.test:8002" if url else expected)
                assert answer.headers["Access-Control-Allow-Credentials"] == "true"
            assert "Access-Control-Allow-Methods" not in simple.headers
            assert "Access-Control-Allow-Headers" not in simple.headers
            assert preflight.headers["Access-Control-Allow-Headers"] == "X-A"
            plain = admin.ask("OPTIONS", "/services", headers=sent)
            assert plain.headers["Access-Control-Allow-Headers"] == "Content-Type"


def test_records_as_the_workers_serve_them(serve: Serve) -> None:
    with serve(role="traditional") as admin:
        service = admin.made("/services", {"host": "a.b"})
        plugin = admin.made("/plugins", {"name": "cors", "service": {"id": service["id"]}})
        vault = admin.made("/vaults", {"prefix": "a-b", "name": "env"})
        key = {"id": "1", "kid": "a:b", "set": None}
        admin.node.records = [("services", service), ("plugins", plugin), ("vaults", vault), ("keys", key)]
        workspace = "0dc6f45b-8f8d-40d2-a504-473544ee190b"
        for name, record in (
            (f"services:{service['id']}:::::{workspace}", service),
            (f"plugins:cors::{service['id']}:::{workspace}", plugin),
            ("vaults:a-b:::::", vault),
        ):
            answer = admin.ask("GET", f"/cache/{name}")
            assert (answer.status, answer.json) == (200, record), name
            assert admin.ask("DELETE", f"/cache/{name}").status == 204
        for name in ("x", "services", "services:nope:::::", "nope:a:::::", f"plugins:cors:::::{workspace}"):
            assert admin.ask("GET", f"/cache/{name}").json == NOT_FOUND
        assert admin.ask("DELETE", "/cache").status == 204
    with serve() as control_plane:
        control_plane.node.records = [("services", service)]
        assert control_plane.ask("GET", f"/cache/services:{service['id']}:::::").json == NOT_FOUND


def test_no_filter_chains(admin: Admin) -> None:
    for method, path in (
        ("GET", "/filter-chains"), ("POST", "/filter-chains"), ("DELETE", "/filter-chains/x"),
        ("GET", "/services/x/filter-chains"), ("PUT", "/routes/x/filter-chains/y"), ("GET", "/routes/x/filters/all"),
    ):  # fmt: skip
        answer = admin.ask(method, path, {} if method in ("POST", "PUT") else None)
        assert (answer.status, answer.json) == (400, WITHOUT_WASM)
    assert admin.ask("GET", "/schemas/filters/x").json == {"message": "Filter 'x' not found"}
