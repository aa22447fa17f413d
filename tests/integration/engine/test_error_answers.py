"""Errors over the wire: types, templates, HEAD, gRPC (proxy.md 4; lists 12 and 13 of 17.3)."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from tests.integration.engine.records import route, service
from tests.integration.engine.world import Response, gateway, one_route, play

DOWN = one_route(1, to={"retries": 0})
MESSAGE = "An invalid response was received from the upstream server"
KINDS = {
    "html": "text/html",
    "json": "application/json",
    "plain": "text/plain",
    "xml": "application/xml",
}


def _get(
    *lines: str, records: dict[str, list[dict[str, Any]]] | None = None, method: str = "GET", **environ: str
) -> Response:
    async def run() -> Response:
        async with gateway(DOWN if records is None else records, environ=environ) as gw:
            return await gw.get("/", *lines, method=method)

    return play(run())


def _raw(raw: bytes, method: str = "GET", **environ: str) -> Response:
    async def run() -> Response:
        async with gateway(DOWN, environ=environ) as gw:
            return await gw.ask(raw, method)

    return play(run())


# ids of list 12: (default type, fields, type of the answer)
TYPES: dict[str, tuple[str | None, tuple[str, ...], str]] = {
    "1": ("text/html", (), "text/html"),
    "3": (None, (), "text/plain"),
    "4": (None, ("Accept: text/html",), "text/html"),
    "5": (None, ("Accept: application/json",), "application/json"),
    "6": (None, ("Accept: application/xml",), "application/xml"),
    "11": (None, ("Accept: application/json;q=0.9, text/html",), "text/html"),
    "12": (None, ("Accept: text/plain;q=0.7, text/html;q=0.8, application/json;q=0.5",), "text/html"),
    "anything": ("text/html", ("Accept: */*",), "application/json"),
    "unknown": ("text/html", ("Accept: image/webp",), "application/json"),
    "two lines": (None, ("Accept: text/plain;q=0.1", "Accept: application/xml;q=0.2"), "application/xml"),
    "empty": ("text/html", ("Accept:",), "text/html"),
    "type of the request": (None, ("Content-Type: application/json",), "application/json"),
    "accept before it": (None, ("Content-Type: application/json", "Accept: text/html"), "text/html"),
    "default json": ("application/json", (), "application/json"),
    "default xml": ("application/xml", (), "application/xml"),
}


def _check_body(response: Response, kind: str, message: str) -> None:
    assert response.get("content-type") == f"{kind}; charset=utf-8"
    request_id = response.get("x-kong-request-id") or ""
    text = response.body.decode()
    if kind == "application/json":
        assert json.loads(text) == {"message": message, "request_id": request_id}
    elif kind == "application/xml":
        tree = ElementTree.fromstring(text)
        assert {child.tag: child.text for child in tree} == {"message": message, "requestid": request_id}
    elif kind == "text/html":
        assert f"<p>{message}.</p>\n    <p>request_id: {request_id}</p>" in text
    else:
        assert text == f"{message}\nrequest_id: {request_id}\n"


@pytest.mark.parametrize(("default", "lines", "kind"), TYPES.values(), ids=TYPES)
def test_the_type_of_an_error_of_the_http_layer(default: str | None, lines: tuple[str, ...], kind: str) -> None:
    environ = {} if default is None else {"GWCTL_ERROR_DEFAULT_TYPE": default}
    response = _get(*lines, **environ)
    assert response.status == 502
    _check_body(response, kind, MESSAGE)


def _silent(raw: bytes, **environ: str) -> tuple[bytes, bytes]:
    """Head of the answer, and everything behind it until the connection ends."""

    async def run() -> tuple[bytes, bytes]:
        async with gateway(DOWN, environ=environ) as gw:
            talk = await gw.connect()
            await talk.send(raw)
            return await talk.head(), await talk.rest()

    return play(run())


def test_2_an_error_to_head_has_a_length_and_no_body() -> None:
    raw = b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    head, rest = _silent(raw, GWCTL_ERROR_DEFAULT_TYPE="text/html")
    assert head.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert b"\r\nContent-Type: text/html; charset=utf-8\r\n" in head
    length = re.search(rb"\r\nContent-Length: ([0-9]+)\r\n", head)
    assert length is not None
    assert int(length[1]) > 100
    assert rest == b""


def test_errors_of_the_gateway_are_json_unless_the_client_accepts_something_else() -> None:
    nothing: dict[str, list[dict[str, Any]]] = {}
    said = "no Route matched with those values"
    _check_body(_get(records=nothing, GWCTL_ERROR_DEFAULT_TYPE="text/html"), "application/json", said)
    _check_body(_get("Content-Type: text/html", records=nothing), "application/json", said)
    _check_body(_get("Accept: text/html", records=nothing), "text/html", said)


@pytest.mark.parametrize("kind", KINDS)
def test_7_to_10_a_template_takes_the_place_of_a_body(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "template"
    file.write_text(f"<{kind} 100%%> %s ({'%s'})\n")
    response = _get(f"Accept: {KINDS[kind]}", **{f"GWCTL_ERROR_TEMPLATE_{kind.upper()}": str(file)})
    assert response.get("content-type") == f"{KINDS[kind]}; charset=utf-8"
    assert response.body.decode() == f"<{kind} 100%> {MESSAGE} ({response.get('x-kong-request-id')})\n"
    others = _get(
        "Accept: text/html" if kind != "html" else "Accept: application/xml",
        **{f"GWCTL_ERROR_TEMPLATE_{kind.upper()}": str(file)},
    )
    assert b"100%" not in others.body


def test_a_template_serves_the_answers_of_the_router_too(tmp_path: Path) -> None:
    file = tmp_path / "template"
    file.write_text('{"error": {"text": "%s"}}')
    response = _get(records={}, GWCTL_ERROR_TEMPLATE_JSON=str(file))
    assert json.loads(response.body) == {"error": {"text": "no Route matched with those values"}}


def test_a_template_that_is_not_there_leaves_the_usual_body(caplog: pytest.LogCaptureFixture) -> None:
    _check_body(_get("Accept: text/html", GWCTL_ERROR_TEMPLATE_HTML="/nowhere/t.html"), "text/html", MESSAGE)
    assert "error_template_html: cannot read /nowhere/t.html: No such file" in caplog.text


def test_names_from_outside_are_escaped(tmp_path: Path) -> None:
    """The reference writes messages as they are."""
    file = tmp_path / "t.html"
    file.write_text("<p title='%s'>")
    records = {"routes": [route("r", service("s", "127.0.0.1", 1), paths=["/"])]}
    records["services"] = [service("s", "127.0.0.1", 1)]
    records["plugins"] = [
        {"id": "7", "name": "a'\"<&>b", "enabled": True, "route": None, "service": None, "consumer": None}
        | {"protocols": ["http"], "config": {}}
    ]
    shown = _get("Accept: text/html", records=records, GWCTL_ERROR_TEMPLATE_HTML=str(file))
    assert shown.body.startswith(b"<p title='a&#x27;&quot;&lt;&amp;&gt;b plugin is not available")
    assert json.loads(_get(records=records).body)["message"].startswith("a'\"<&>b plugin")


def test_grpc_clients_get_a_status_in_fields() -> None:
    response = _get("Accept: application/grpc")
    assert (response.status, response.body, response.get("content-length")) == (502, b"", "0")
    assert (response.get("grpc-status"), response.get("grpc-message")) == ("13", MESSAGE)
    assert response.get("content-type") is None
    response = _get("Content-Type: application/grpc+proto", method="POST")
    assert (response.get("grpc-status"), response.get("content-type")) == ("13", "application/grpc+proto")
    response = _get("Accept: application/grpc", records={})
    assert (response.status, response.get("grpc-status")) == (404, "5")


def test_13_1_a_head_that_is_too_large() -> None:
    response = _raw(b"GET / HTTP/1.1\r\nHost: x\r\nX-Large: " + b"a" * 10240 + b"\r\n\r\n")
    assert (response.status, response.get("server")) == (400, "kong/3.8.1")
    assert b"Request header or cookie too large" in response.body


def test_13_2_trace_is_refused() -> None:
    response = _raw(b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert response.status == 405
    assert response.body.decode() == f"Method not allowed\nrequest_id: {response.get('x-kong-request-id')}\n"


MESSAGES = {
    "bad request": (b"GET / HTTP/1.1\r\n\r\n", 400, "Bad request"),
    "long target": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "URI too long"),
    "large body": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", 413, "Payload too large"),
    "expectation": (b"POST / HTTP/1.1\r\nHost: x\r\nExpect: cake\r\n\r\n", 417, "Expectation failed"),
    "coding": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "Not implemented"),
    "version": (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505, "HTTP version not supported"),
}


@pytest.mark.parametrize(("raw", "status", "message"), MESSAGES.values(), ids=MESSAGES)
@pytest.mark.parametrize("default", ["text/plain", "text/html"])
def test_what_cannot_be_read_is_answered_in_the_default_type(
    raw: bytes, status: int, message: str, default: str
) -> None:
    environ = {"GWCTL_ERROR_DEFAULT_TYPE": default, "GWCTL_NGINX_HTTP_CLIENT_MAX_BODY_SIZE": "4"}
    response = _raw(raw, **environ)
    assert (response.status, response.get("connection")) == (status, "close")
    _check_body(response, default, message)


def test_what_a_large_head_accepts_is_seen_if_it_came_before() -> None:
    large = b"X-Large: " + b"a" * 10240 + b"\r\n\r\n"
    page = _raw(b"GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n" + large)
    assert (page.status, page.get("content-type")) == (400, "text/html; charset=utf-8")
    head, rest = _silent(b"HEAD / HTTP/1.1\r\nHost: x\r\nAccept: text/plain\r\n" + large)
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"\r\nContent-Type: text/plain; charset=utf-8\r\n" in head
    assert rest == b""
