"""Headers, CORS, HEAD and OPTIONS (admin-api.md 2.1, observed.md 2.1)."""

from __future__ import annotations

import http.client

import pytest

from tests.integration.admin.conftest import Admin, Serve


@pytest.fixture
def database_kind() -> str:
    """The kind of database plays no part here."""
    return "sqlite"


def test_headers_of_every_answer(admin: Admin) -> None:
    for method, path in (("GET", "/services"), ("GET", "/nope"), ("POST", "/status"), ("GET", "/services/nope")):
        headers = admin.ask(method, path).headers
        assert headers.pop("Date").endswith(" GMT")
        assert headers.pop("X-Kong-Admin-Latency").isdecimal()
        assert headers.pop("Content-Length").isdecimal()
        headers.pop("Allow", None)
        assert headers == {
            "Content-Type": "application/json; charset=utf-8",
            "Connection": "keep-alive",
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Credentials": "true",
            "Server": "kong/3.8.1",
        }


def test_no_header_comes_twice(admin: Admin) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", admin.served.port, timeout=10)
    connection.request("GET", "/", headers={"Connection": "close"})
    names = [name for name, _ in connection.getresponse().getheaders()]
    connection.close()
    assert len(names) == len({name.lower() for name in names})


def test_the_origin_is_echoed(admin: Admin) -> None:
    assert admin.ask("GET", "/", headers={"Origin": "http://x"}).headers["Access-Control-Allow-Origin"] == "http://x"


def test_the_origin_of_the_gui_wins(serve: Serve) -> None:
    with serve(environ={"GWCTL_ADMIN_GUI_URL": "http://gui.test:8002/manager"}) as admin:
        headers = admin.ask("GET", "/", headers={"Origin": "http://x"}).headers
    assert headers["Access-Control-Allow-Origin"] == "http://gui.test:8002"


@pytest.mark.parametrize(
    ("setting", "server", "latency"),
    [
        ("off", False, False),
        ("server_tokens", True, False),
        ("Server", True, False),
        ("latency_tokens", False, True),
        ("X-Kong-Admin-Latency", False, True),
        ("X-Kong-Proxy-Latency, Via", False, False),
    ],
)
def test_the_setting_headers_removes_what_tells_about_the_node(
    serve: Serve, setting: str, server: bool, latency: bool
) -> None:
    with serve(environ={"GWCTL_HEADERS": setting}) as admin:
        headers = admin.ask("GET", "/services").headers
    assert ("Server" in headers, "X-Kong-Admin-Latency" in headers) == (server, latency)


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/", "GET, HEAD, OPTIONS"),
        ("/services", "GET, HEAD, OPTIONS, POST"),
        ("/routes/x", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/routes/x/service", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/schemas/services/validate", "OPTIONS, POST"),
    ],
)
def test_options(admin: Admin, path: str, methods: str) -> None:
    answer = admin.ask("OPTIONS", path)
    assert (answer.status, answer.data) == (204, b"")
    assert answer.headers["Allow"] == answer.headers["Access-Control-Allow-Methods"] == methods
    assert answer.headers["Access-Control-Allow-Headers"] == "Content-Type"
    asked = admin.ask("OPTIONS", path, headers={"Access-Control-Request-Headers": "X-A"})
    assert asked.headers["Access-Control-Allow-Headers"] == "X-A"


def test_options_of_an_unknown_path(admin: Admin) -> None:
    answer = admin.ask("OPTIONS", "/nope")
    assert (answer.status, answer.json) == (404, {"message": "Not found"})


def test_simple_requests_carry_no_preflight_headers(admin: Admin) -> None:
    headers = admin.ask("GET", "/services").headers
    assert "Access-Control-Allow-Methods" not in headers
    assert "Access-Control-Allow-Headers" not in headers


def test_head_is_get_without_a_body(admin: Admin) -> None:
    admin.made("/services", {"name": "s1", "host": "a.b"})
    get, head = admin.ask("GET", "/services/s1"), admin.ask("HEAD", "/services/s1")
    assert (head.status, head.data, head.headers["Content-Length"]) == (200, b"", get.headers["Content-Length"])
    assert admin.ask("HEAD", "/services/nope").status == 404


def test_accept_is_ignored(admin: Admin) -> None:
    answer = admin.ask("GET", "/services", headers={"Accept": "text/html"})
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
