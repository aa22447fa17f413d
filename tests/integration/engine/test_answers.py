"""The gateway's own answers (proxy.md 1.10, 4; observed.md 4.3)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.integration.engine.records import plugin, route, service
from tests.integration.engine.world import Response, echo, gateway, one_route, play, upstream_server


def _get(
    records: dict[str, list[dict[str, Any]]], path: str, *lines: str, method: str = "GET", **environ: str
) -> Response:
    async def run() -> Response:
        async with gateway(records, environ=environ) as gw:
            return await gw.get(path, *lines, method=method)

    return play(run())


SOMEWHERE = service("somewhere", "127.0.0.1", 1)


def test_no_route_is_404_with_the_observed_body_and_headers() -> None:
    response = _get({}, "/x")
    request_id = response.get("x-kong-request-id")
    assert (response.status, response.reason) == (404, "Not Found")
    assert response.body.decode() == (
        f'{{\n  "message":"no Route matched with those values",\n  "request_id":"{request_id}"\n}}'
    )
    assert [name for name, _ in response.fields] == [
        "Date",
        "Content-Type",
        "Connection",
        "Content-Length",
        "X-Kong-Response-Latency",
        "Server",
        "X-Kong-Request-Id",
    ]
    assert response.get("content-type") == "application/json; charset=utf-8"
    assert response.get("server") == "kong/3.8.1"


def test_the_answer_to_head_has_the_length_but_no_body() -> None:
    response = _get({}, "/x", method="HEAD")
    assert (response.status, response.body) == (404, b"")
    assert int(response.get("content-length") or 0) > 50


TYPES = {
    "application/json": "application/json; charset=utf-8",
    "*/*": "application/json; charset=utf-8",
    "image/png": "application/json; charset=utf-8",
    "text/html": "text/html; charset=utf-8",
    "application/xml": "application/xml; charset=utf-8",
    "text/plain": "text/plain; charset=utf-8",
    "text/*": "text/plain; charset=utf-8",
    "text/html;q=0.5, application/xml;q=0.9": "application/xml; charset=utf-8",
    "text/html;q=0.9, application/xml": "application/xml; charset=utf-8",
    "text/html, application/xml": "text/html; charset=utf-8",
    "text/html;q=0, text/plain;q=0.001": "text/plain; charset=utf-8",
}


@pytest.mark.parametrize(("accept", "kind"), TYPES.items())
def test_accept_chooses_the_type(accept: str, kind: str) -> None:
    assert _get({}, "/x", f"Accept: {accept}").get("content-type") == kind


def test_bodies_of_every_type() -> None:
    plain = _get({}, "/x", "Accept: text/plain")
    assert plain.body.decode() == (
        f"no Route matched with those values\nrequest_id: {plain.get('x-kong-request-id')}\n"
    )
    html = _get({}, "/x", "Accept: text/html").body.decode()
    assert html.startswith("<!doctype html>\n")
    assert "    <h1>Error</h1>\n    <p>no Route matched with those values.</p>\n    <p>request_id: " in html
    xml = _get({}, "/x", "Accept: application/xml").body.decode()
    assert xml.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<error>\n  <message>no Route')
    assert re.search("\n  <requestid>[0-9a-f]{32}</requestid>\n</error>\n$", xml)


def test_errors_of_the_http_layer_take_the_configured_type_without_accept() -> None:
    refused = {"services": [SOMEWHERE], "routes": [route("r", SOMEWHERE, paths=["/"])]}
    assert _get(refused, "/").get("content-type") == "text/plain; charset=utf-8"
    assert _get(refused, "/", "Content-Type: text/html").get("content-type") == "text/html; charset=utf-8"
    json_default = _get(refused, "/", GWCTL_ERROR_DEFAULT_TYPE="application/json")
    assert json_default.get("content-type") == "application/json; charset=utf-8"
    assert json.loads(json_default.body)["message"] == "An invalid response was received from the upstream server"


def test_a_route_without_a_service_is_503() -> None:
    response = _get({"routes": [route("r", None, paths=["/"])]}, "/")
    assert response.status == 503
    assert b"no Service found with those values" in response.body


def test_routes_of_a_disabled_service_do_not_exist() -> None:
    off = service("off", "127.0.0.1", 1, enabled=False)
    response = _get({"services": [off], "routes": [route("r", off, paths=["/"])]}, "/")
    assert response.status == 404


def test_plain_requests_are_told_to_use_tls() -> None:
    response = _get({"routes": [route("r", None, paths=["/"], protocols=["https"])]}, "/")
    assert (response.status, response.reason) == (426, "")
    assert b"Please use HTTPS protocol" in response.body
    assert response.all("connection") == ["keep-alive", "Upgrade"]
    assert response.get("upgrade") == "TLS/1.2, HTTP/1.1"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_plain_requests_are_redirected_to_tls(status: int) -> None:
    made = route("r", None, paths=["/"], protocols=["https"], https_redirect_status_code=status)
    response = _get({"routes": [made]}, "/tls/../a?b=c")
    assert (response.status, response.get("content-length")) == (status, "0")
    assert response.get("location") == "https://gw.test/tls/../a?b=c"


@pytest.mark.parametrize(
    ("trusted", "proto", "status"),
    [("", "https", 426), ("127.0.0.1", "https", 503), ("127.0.0.1", "httpsa", 426), ("1.2.3.4", "https", 426)],
)
def test_only_a_trusted_peer_can_say_that_a_request_came_over_tls(trusted: str, proto: str, status: int) -> None:
    made = route("r", None, paths=["/"], protocols=["https"])
    response = _get({"routes": [made]}, "/", f"X-Forwarded-Proto: {proto}", GWCTL_TRUSTED_IPS=trusted)
    assert response.status == status


@pytest.mark.parametrize("protocol", ["grpc", "grpcs"])
def test_grpc_routes_serve_no_http_1(protocol: str) -> None:
    records = {"routes": [route("r", None, paths=["/"], protocols=[protocol], strip_path=False)]}
    for lines in ((), ("Content-Type: text/plain",), ("Content-Type: application/json",)):
        response = _get(records, "/", *lines)
        assert response.status == 415
        assert b"Non-gRPC request matched gRPC route" in response.body
    for kind in ("application/grpc", "application/grpc+proto"):
        response = _get(records, "/", f"Content-Type: {kind}")
        assert (response.status, response.get("upgrade")) == (426, "HTTP/2")
        assert response.all("connection") == ["keep-alive", "Upgrade"]
        assert b"Please use HTTP2 protocol" in response.body


def test_a_path_that_is_no_utf_8_has_no_route() -> None:
    assert _get(one_route(1), "/%ff").status == 404


@pytest.mark.parametrize(
    "scope",
    [
        {},
        {"route": {"id": route("one", None)["id"]}},
        {"service": {"id": service("one", "", 0)["id"]}},
        {"route": {"id": route("one", None)["id"]}, "service": {"id": service("one", "", 0)["id"]}},
        {"protocols": ["https"]},
    ],
    ids=["global", "route", "service", "both", "other http protocol"],
)
def test_a_plugin_that_the_node_lacks_fails_closed(scope: dict[str, Any]) -> None:
    async def run() -> tuple[Response, int]:
        async with upstream_server(echo()) as up:
            records = one_route(up.port) | {"plugins": [plugin("key-auth", **scope)]}
            async with gateway(records) as gw:
                return await gw.get("/"), up.connections

    response, connections = play(run())
    assert (response.status, connections) == (503, 0)
    assert json.loads(response.body)["message"] == "key-auth plugin is not available on this node"


def test_a_node_may_be_told_to_serve_without_the_plugins_it_lacks(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> int:
        async with upstream_server(echo()) as up:
            records = one_route(up.port) | {"plugins": [plugin("key-auth")]}
            async with gateway(records, environ={"GWCTL_MISSING_PLUGIN": "warn"}) as gw:
                return (await gw.get("/")).status

    assert play(run()) == 200
    assert "cannot run the configured plugin key-auth: requests are served without it" in caplog.text


def test_a_missing_plugin_is_told_when_it_comes_and_not_with_every_change(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> list[int]:
        told = []
        async with upstream_server(echo()) as up:
            plain = one_route(up.port)
            lacking = plain | {"plugins": [plugin("key-auth")]}
            async with gateway(lacking) as gw:
                for number, records in enumerate((lacking, lacking, plain, lacking), 2):
                    await gw.install(records, number)
                    told.append(caplog.text.count("answered 503"))
        return told

    assert play(run()) == [1, 1, 1, 2]


@pytest.mark.parametrize(
    "values",
    [
        {"enabled": False},
        {"route": {"id": "2b1e0000-0000-4000-8000-000000000000"}},
        {"service": {"id": "2b1e0000-0000-4000-8000-000000000000"}},
        {"consumer": {"id": "2b1e0000-0000-4000-8000-000000000000"}},
        {"protocols": ["tcp", "tls"]},
    ],
    ids=["disabled", "other route", "other service", "a consumer's", "streams"],
)
def test_a_plugin_that_does_not_concern_the_request_blocks_nothing(values: dict[str, Any]) -> None:
    async def run() -> Response:
        async with upstream_server(echo()) as up:
            records = one_route(up.port) | {"plugins": [plugin("key-auth", **values)]}
            async with gateway(records) as gw:
                return await gw.get("/")

    assert play(run()).status == 200


def test_a_mistake_in_one_request_is_500_and_ends_only_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    from gwctl.engine.router.index import RouteIndex

    search = RouteIndex.match

    def match(self: Any, query: Any) -> Any:
        if query.path == "/bug":
            raise ZeroDivisionError
        return search(self, query)

    monkeypatch.setattr(RouteIndex, "match", match)

    async def run() -> tuple[Response, Response]:
        async with upstream_server(echo()) as up, gateway(one_route(up.port)) as gw:
            return await gw.get("/bug"), await gw.get("/fine")

    bug, fine = play(run())
    assert (bug.status, bug.get("connection"), fine.status) == (500, "close", 200)
    assert b"An unexpected error occurred" in bug.body
