"""Services with their routes and plugins (acceptance list 10-services_routes)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from gwctl.kit.ids import new_uuid
from tests.integration.admin.conftest import Admin
from tests.integration.admin.encodings import ALL, ask_as

NOT_FOUND = {"message": "Not found"}
PROTOCOLS = "expected one of: grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp"


def address(record: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(record[name] for name in ("protocol", "host", "port", "path"))


@pytest.mark.parametrize("encoding", ALL)
def test_create(admin: Admin, encoding: str) -> None:
    def post(values: dict[str, Any]) -> Any:
        return ask_as(admin, encoding, "POST", "/services", values)

    made = post({"protocol": "http", "host": "service.test"})
    assert made.status == 201
    assert made.json.items() >= {
        "port": 80, "path": None, "retries": 5, "connect_timeout": 60000, "write_timeout": 60000,
        "read_timeout": 60000, "name": None, "enabled": True,
    }.items()  # fmt: skip
    assert address(post({"url": "http://service.test/"}).json) == ("http", "service.test", 80, "/")
    assert address(post({"url": "https://service.test/"}).json) == ("https", "service.test", 443, "/")
    for url in ("", " "):
        assert post({"url": url}).status == 400
    for values, message in (
        ({"url": "invalid url"},
         "2 schema violations (host: required field missing; path: should start with: /)"),
        ({"protocol": "foo", "host": "a.b"}, f"schema violation (protocol: {PROTOCOLS})"),
        ({}, "schema violation (host: required field missing)"),
    ):  # fmt: skip
        answer = post(values)
        assert (answer.status, answer.json["message"]) == (400, message)
    broken = admin.ask("POST", "/services", data=b'{"hello": "world"', headers={"Content-Type": "application/json"})
    assert (broken.status, broken.json) == (400, {"message": "Cannot parse JSON body"})


def test_lists(admin: Admin) -> None:
    assert admin.ask("GET", "/services").data == b'{"data":[],"next":null}'
    for number in range(10):
        admin.made("/services", {"host": f"h{number}.test"})
    sizes, path = [], "/services?size=3&foo=bar"
    while path:
        page = admin.ask("GET", path).json
        sizes.append(len(page["data"]))
        path = page["next"]
        assert path is None or path == f"/services?offset={quote(page['offset'], safe='')}&size=3"
    assert sizes == [3, 3, 3, 1]


def test_get(admin: Admin) -> None:
    service = admin.made("/services", {"name": "円", "host": "a.b"})
    for key in (service["id"], quote("円")):
        for body in (None, b"\x00"):
            assert admin.ask("GET", f"/services/{key}", data=body).json == service
    with admin.served.connect() as raw:
        raw.sendall("GET /services/円 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        assert raw.recv(65536).startswith(b"HTTP/1.1 200")
    for key in ("nobody", new_uuid()):
        assert admin.ask("GET", f"/services/{key}").json == NOT_FOUND


@pytest.mark.parametrize("encoding", ALL)
def test_patch(admin: Admin, encoding: str) -> None:
    service = admin.made("/services", {"name": "s", "url": "http://a.b/x"})

    def patch(key: str, values: dict[str, Any]) -> Any:
        answer = ask_as(admin, encoding, "PATCH", f"/services/{key}", values)
        assert answer.status == 200, answer.data
        return answer.json

    assert patch("s", {"protocol": "https"})["protocol"] == "https"
    changed = patch(service["id"], {"name": None, "protocol": "http"})
    assert (changed["name"], changed["protocol"], changed["path"]) == (None, "http", "/x")
    for url, expected in (
        ("http://example.test:443", ("http", "example.test", 443, None)),
        ("https://example2.test:80/", ("https", "example2.test", 80, "/")),
        ("http://example2.test", ("http", "example2.test", 80, None)),
    ):
        assert address(patch(service["id"], {"url": url})) == expected


def test_delete(admin: Admin) -> None:
    by_id = admin.made("/services", {"host": "a.b"})["id"]
    admin.made("/services", {"name": "s", "host": "a.b"})
    for key in (by_id, "s", new_uuid(), "nobody"):
        assert admin.ask("DELETE", f"/services/{key}").status == 204


def test_routes_of_a_service(admin: Admin) -> None:
    service = admin.made("/services", {"name": "s", "host": "a.b"})
    mine = [admin.made("/services/s/routes", {"paths": [f"/{number}"]})["id"] for number in range(2)]
    admin.made("/routes", {"paths": ["/other"]})
    for key in ("s", service["id"]):
        body = admin.ask("GET", f"/services/{key}/routes").json
        assert (sorted(each["id"] for each in body["data"]), body["next"]) == (sorted(mine), None)


def test_plugins_of_a_service(admin: Admin) -> None:
    service = admin.made("/services", {"name": "s", "host": "a.b"})
    for key in ("s", service["id"]):
        path = f"/services/{key}/plugins"
        plugin = admin.ask("POST", path, form="name=key-auth&instance_name=mine&config.key_names=apikey").json
        assert (plugin["service"], plugin["config"]["key_names"]) == ({"id": service["id"]}, ["apikey"])
        again = admin.ask("POST", path, {"name": "key-auth"})
        keys = f'{{consumer=null,name="key-auth",route=null,service={{id="{service["id"]}"}}}}'
        assert (again.status, again.json["message"]) == (409, f"UNIQUE violation detected on '{keys}'")
        assert admin.ask("GET", path).json == {"data": [plugin], "next": None}
        for each in (plugin["id"], "mine"):
            assert admin.ask("GET", f"{path}/{each}").json == plugin
        changed = admin.ask("PATCH", f"{path}/mine", {"enabled": False, "config": {"realm": "r"}}).json
        assert (changed["enabled"], changed["config"]["key_names"]) == (False, ["apikey"])
        unknown = admin.ask("PATCH", f"{path}/mine", {"foo": 1})
        assert (unknown.status, unknown.json["fields"]) == (400, {"foo": "unknown field"})
        assert admin.ask("PATCH", f"{path}/{new_uuid()}", {}).json == NOT_FOUND
        free = admin.ask("PATCH", f"{path}/mine", {"service": None})
        assert (free.status, free.json["service"]) == (200, None)
        assert admin.ask("GET", f"{path}/mine").json == NOT_FOUND
        assert admin.ask("DELETE", "/plugins/mine").status == 204
        for field in ("id", "instance_name"):
            made = admin.made(path, {"name": "cors", "instance_name": "again"})
            assert admin.ask("DELETE", f"{path}/{made[field]}").status == 204
