from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from gwctl.client import AdminClient, AdminError
from gwctl.client.config_api import Counts, _records
from gwctl.kit.asgi import Receive, Scope, Send
from tests.integration.admin.serving import serving


class Answering:
    """An application that records requests and gives prepared answers by path and query."""

    def __init__(self, answers: dict[str, tuple[int, bytes]]) -> None:
        self.answers = answers
        self.requests: list[tuple[str, str, Any, str | None]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        target = scope["raw_path"].decode() + ("?" + scope["query_string"].decode() if scope["query_string"] else "")
        sent = json.loads(message["body"]) if message["body"] else None
        self.requests.append((scope["method"], target, sent, dict(scope["headers"]).get(b"content-type")))
        status, body = self.answers[target]
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})


def test_every_method() -> None:
    app = Answering({"/x": (200, b'{"a": 1}'), "/y": (204, b""), "/x?q=a+b": (200, b"[]")})
    with serving(app) as served:
        client = AdminClient(served.url)
        assert client.get("/x") == {"a": 1}
        assert client.get("/x", {"q": "a b"}) == []
        assert client.post("/x", {"b": 2}) == {"a": 1}
        assert client.post("/x") == {"a": 1}
        assert client.put("/x", {"b": 3}) == {"a": 1}
        assert client.patch("/x", {"b": 4}) == {"a": 1}
        client.delete("/y")
    assert app.requests == [
        ("GET", "/x", None, None),
        ("GET", "/x?q=a+b", None, None),
        ("POST", "/x", {"b": 2}, b"application/json"),
        ("POST", "/x", {}, b"application/json"),
        ("PUT", "/x", {"b": 3}, b"application/json"),
        ("PATCH", "/x", {"b": 4}, b"application/json"),
        ("DELETE", "/y", None, None),
    ]


def test_pages_follow_next() -> None:
    app = Answering(
        {
            "/list?size=1000": (200, b'{"data": [{"n": 1}], "next": "/list?offset=z"}'),
            "/list?offset=z": (200, b'{"data": [{"n": 2}], "next": null}'),
        }
    )
    with serving(app) as served:
        assert list(AdminClient(served.url).pages("/list")) == [{"n": 1}, {"n": 2}]


def test_a_path_before_the_api_is_kept() -> None:
    app = Answering({"/admin/x": (200, b"{}")})
    with serving(app) as served:
        assert AdminClient(f"127.0.0.1:{served.port}/admin/").get("/x") == {}


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (404, b'{"message": "Not found"}', "GET /x: Not found"),
        (415, b"", "GET /x: status 415"),
        (400, b"[1]", "GET /x: status 400"),
    ],
)
def test_a_refusal_carries_status_and_body(status: int, body: bytes, message: str) -> None:
    with serving(Answering({"/x": (status, body)})) as served, pytest.raises(AdminError) as caught:
        AdminClient(served.url).get("/x")
    assert (caught.value.message, caught.value.status) == (message, status)
    assert caught.value.body == (json.loads(body) if body else None)


def test_something_else_than_json() -> None:
    with serving(Answering({"/x": (200, b"<html>")})) as served, pytest.raises(AdminError) as caught:
        AdminClient(served.url).get("/x")
    assert "is not JSON" in caught.value.message
    assert caught.value.hint == "is this the address of an Admin API?"


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(AdminError) as caught:
        AdminClient(f"http://127.0.0.1:{port}").get("/")
    assert caught.value.message == f"cannot reach the Admin API at http://127.0.0.1:{port}: connection refused"
    assert "is the control plane running?" in (caught.value.hint or "")
    assert caught.value.exit_code == 69


def test_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(AdminError) as caught:
            AdminClient(f"http://127.0.0.1:{port}", timeout=0.05).get("/")
    assert caught.value.message == f"the Admin API at http://127.0.0.1:{port} did not answer within 0.05 s"


def test_an_answer_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gwctl.client.admin_client.MOST_BYTES", 10)
    with serving(Answering({"/x": (200, b'"12345678901"')})) as served, pytest.raises(AdminError) as caught:
        AdminClient(served.url).get("/x")
    assert "is larger than" in caught.value.message


@pytest.mark.parametrize("address", ["", "ftp://a", "http://", "http://a:x", "http://a:99999", "http://a:0"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(AdminError, match="is no address of an Admin API"):
        AdminClient(address)


@pytest.mark.parametrize("body", [b"", b"5", b"{}", b'{"data": 5}', b'{"data": [{}, 5]}', b"[" * 100_000])
def test_a_list_that_is_none(body: bytes) -> None:
    with serving(Answering({"/services?size=1000": (200, body)})) as served, pytest.raises(AdminError) as caught:
        list(AdminClient(served.url).pages("/services"))
    assert caught.value.hint == "is this the address of an Admin API?"


@pytest.mark.parametrize("line", [b'{"entity": "services", "record": 5}', b'{"entity": 5, "record": {}}'])
def test_a_dump_that_holds_no_records(line: bytes) -> None:
    with pytest.raises(AdminError):
        next(_records(iter([json.loads(line)]), "http://a"))


def test_numbers_of_changes_that_are_none() -> None:
    assert Counts.of({"created": "x", "updated": None, "deleted": 3}) == Counts(0, 0, 3)
