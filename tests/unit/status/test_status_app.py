from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from gwctl.kit.clock import SystemClock
from gwctl.status import StatusContext, status_app
from tests.integration.admin.serving import Served, serving

SERVER = {
    "connections_accepted": 4,
    "connections_active": 2,
    "connections_handled": 4,
    "connections_reading": 0,
    "connections_waiting": 1,
    "connections_writing": 1,
    "total_requests": 9,
}
DATA_PLANE = StatusContext(
    role="data_plane",
    clock=SystemClock(),
    server_stats=lambda: SERVER,
    workers=lambda: [{"pid": 22, "memory": 3 << 20}, {"pid": 11, "memory": (1 << 20) + (1 << 19)}],
    readiness=lambda: (True, "ready"),
    configuration_hash=lambda: "ab" * 16,
)


@pytest.fixture(scope="module")
def data_plane() -> Iterator[Served]:
    with serving(status_app(DATA_PLANE)) as served:
        yield served


def test_status_of_a_data_plane(data_plane: Served) -> None:
    answer = data_plane.ask("GET", "/status")
    assert answer.status == 200
    assert answer.json == {
        "memory": {
            "lua_shared_dicts": {},
            "workers_lua_vms": [
                {"http_allocated_gc": "1.50 MiB", "pid": 11},
                {"http_allocated_gc": "3.00 MiB", "pid": 22},
            ],
        },
        "server": SERVER,
        "configuration_hash": "ab" * 16,
    }


def test_headers_are_those_of_the_reference(data_plane: Served) -> None:
    headers = data_plane.ask("GET", "/status").headers
    assert headers.pop("Date").endswith(" GMT")
    assert headers.pop("X-Kong-Admin-Latency").isdecimal()
    assert headers.pop("Content-Length").isdecimal()
    assert headers == {
        "Content-Type": "application/json; charset=utf-8",
        "Connection": "keep-alive",
        "Access-Control-Allow-Origin": "*",
        "Server": "kong/3.8.1",
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/", 404, {"message": "Not found"}),
        ("GET", "/services", 404, {"message": "Not found"}),
        ("GET", "//status", 404, {"message": "Not found"}),
        ("GET", "/status/", 200, None),
        ("GET", "/status/dns", 501, {"message": "not implemented with the legacy DNS client"}),
        ("POST", "/status", 405, {"message": "Method not allowed"}),
        ("DELETE", "/status/ready", 405, {"message": "Method not allowed"}),
        ("GET", "/status/ready", 200, {"message": "ready"}),
        (
            "GET",
            "/status?unit=V",
            400,
            {"message": "invalid unit 'V' (expected 'k/K', 'm/M', or 'g/G')"},
        ),
        ("GET", "/status?scale=-1", 400, {"message": "scale must be equal or greater than 0"}),
    ],
)
def test_answers(data_plane: Served, method: str, path: str, status: int, body: object) -> None:
    answer = data_plane.ask(method, path)
    assert answer.status == status
    assert body is None or answer.json == body


def test_units(data_plane: Served) -> None:
    def first(query: str) -> object:
        return data_plane.ask("GET", f"/status?{query}").json["memory"]["workers_lua_vms"][0]["http_allocated_gc"]

    assert first("unit=b") == 1572864
    assert first("unit=k") == "1536.00 KiB"
    assert first("unit=K&scale=0") == "1536 KiB"
    assert first("scale=3") == "1.500 MiB"


def test_head_and_options(data_plane: Served) -> None:
    head, get = data_plane.ask("HEAD", "/status"), data_plane.ask("GET", "/status")
    assert (head.status, head.data, head.headers["Content-Length"]) == (200, b"", get.headers["Content-Length"])
    options = data_plane.ask("OPTIONS", "/status")
    assert (options.status, options.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")
    assert data_plane.ask("OPTIONS", "/nope").status == 404


def test_robots(data_plane: Served) -> None:
    assert data_plane.ask("GET", "/robots.txt").data == b"User-agent: *\nDisallow: /"


def test_no_configuration_is_not_ready_and_has_a_hash_of_zeros() -> None:
    context = replace(
        DATA_PLANE,
        configuration_hash=lambda: None,
        readiness=lambda: (False, "no configuration available (empty configuration present)"),
    )
    with serving(status_app(context)) as served:
        ready = served.ask("GET", "/status/ready")
        assert ready.status == 503
        assert ready.json == {"message": "no configuration available (empty configuration present)"}
        assert served.ask("GET", "/status").json["configuration_hash"] == "0" * 32


def test_a_node_with_a_database_tells_whether_it_answers() -> None:
    context = replace(DATA_PLANE, role="control_plane", configuration_hash=None, database_reachable=lambda: False)
    with serving(status_app(context)) as served:
        status = served.ask("GET", "/status").json
        assert status["database"] == {"reachable": False}
        assert "configuration_hash" not in status
        ready = served.ask("GET", "/status/ready")
        assert (ready.status, ready.json) == (503, {"message": "failed to connect to database"})


def test_a_database_that_hangs_does_not_hang_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gwctl.status.app.DATABASE_SECONDS", 0.05)
    release = threading.Event()
    context = replace(DATA_PLANE, role="control_plane", database_reachable=lambda: release.wait(20))
    try:
        with serving(status_app(context)) as served:
            assert served.ask("GET", "/status").json["database"] == {"reachable": False}
            assert served.ask("GET", "/status/ready").status == 503
    finally:
        release.set()


def test_a_crash_is_answered_without_details_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def crash() -> dict[str, int]:
        raise RuntimeError("secret detail")

    with serving(status_app(replace(DATA_PLANE, server_stats=crash))) as served:
        answer = served.ask("GET", "/status")
    assert (answer.status, answer.json) == (500, {"message": "An unexpected error occurred"})
    assert "secret detail" in caplog.text
