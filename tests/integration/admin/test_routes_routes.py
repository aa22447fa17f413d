"""Routes, their service and their plugins (acceptance list 09-routes_routes)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import pytest
from starlette.responses import Response

from gwctl.admin.context import Additions
from gwctl.admin.routing import Call, Handler
from gwctl.kit.ids import new_uuid
from tests.integration.admin.conftest import Admin, Serve
from tests.integration.admin.encodings import JSON, URLENCODED, ask_as

NOT_FOUND = {"message": "Not found"}
NEED_HTTPS = "must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'"
PROTOCOLS = "expected one of: grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp"
TWO: Sequence[str] = (URLENCODED, JSON)
BOTH = pytest.mark.parametrize("encoding", TWO)


def test_options(admin: Admin) -> None:
    assert admin.ask("OPTIONS", "/routes").headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert admin.ask("OPTIONS", "/routes/x").headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"


@BOTH
def test_create(admin: Admin, encoding: str) -> None:
    service = admin.made("/services", {"name": "s", "host": "a.b"})
    plain = ask_as(
        admin, encoding, "POST", "/routes",
        {"protocols": ["http"], "hosts": ["my.test"], "headers": {"location": ["my-location"]},
         "service": {"id": service["id"]}},
    )  # fmt: skip
    assert plain.status == 201
    assert plain.json.items() >= {
        "preserve_host": False, "strip_path": True, "name": None, "paths": None, "hosts": ["my.test"],
        "headers": {"location": ["my-location"]}, "service": {"id": service["id"]}, "protocols": ["http"],
    }.items()  # fmt: skip
    grpc = ask_as(admin, encoding, "POST", "/routes", {"protocols": ["grpc", "grpcs"], "hosts": ["my.grpc.test"]}).json
    assert (grpc["strip_path"], grpc["service"]) == (False, None)
    complete = {
        "name": "r", "protocols": ["http"], "methods": ["GET", "POST", "PATCH"], "hosts": ["foo.test", "bar.test"],
        "paths": ["/foo", "/bar"], "service": {"name": "s"}, "regex_priority": 5, "tags": ["a"],
    }  # fmt: skip
    made = ask_as(admin, encoding, "POST", "/routes", complete)
    assert (made.status, made.json["service"]) == (201, {"id": service["id"]})
    assert made.json["methods"] == complete["methods"]
    assert made.json["paths"] == complete["paths"]


@BOTH
def test_mistakes(admin: Admin, encoding: str) -> None:
    unresolved = "the foreign key cannot be resolved with '{name=\"nope\"}' for an existing 'services' entity"
    cases: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
        ({}, f"schema violation ({NEED_HTTPS})", {"@entity": [NEED_HTTPS]}),
        ({"protocols": ["https"]}, f"schema violation ({NEED_HTTPS})", {"@entity": [NEED_HTTPS]}),
        (
            {"protocols": ["foo", "http"], "methods": ["GET"]},
            f"schema violation (protocols.1: {PROTOCOLS})",
            {"protocols": [PROTOCOLS]},
        ),
        (
            {"methods": ["GET"], "service": {"name": "nope"}},
            f"foreign key unresolved (service.name: {unresolved})",
            {"service": {"name": unresolved}},
        ),
        (
            {"methods": ["GET"], "service": {"name": None}},
            "schema violation (service.id: missing primary key)",
            {"service": {"id": "missing primary key"}},
        ),
        (
            {"methods": ["GET"], "service": {"protocol": "http"}},
            "schema violation (service.id: missing primary key)",
            {"service": {"id": "missing primary key"}},
        ),
    ]
    for values, message, fields in cases:
        answer = ask_as(admin, encoding, "POST", "/routes", values)
        assert (answer.status, answer.json["message"], answer.json["fields"]) == (400, message, fields), values
    two = ask_as(
        admin, encoding, "POST", "/routes",
        {"methods": ["GET"], "protocols": ["foo", "http"], "service": {"protocol": "foo"}},
    ).json  # fmt: skip
    assert two["message"].startswith("2 schema violations (")
    assert f"protocols.1: {PROTOCOLS}" in two["message"]
    assert set(two["fields"]) == {"protocols", "service"}


def test_lists(admin: Admin) -> None:
    assert admin.ask("GET", "/routes").data == b'{"data":[],"next":null}'
    for number in range(10):
        admin.made("/routes", {"paths": [f"/{number}"]})
    sizes, path = [], "/routes?size=3&foo=bar"
    while path:
        page = admin.ask("GET", path, data=b"garbage", headers={"Content-Type": "application/json"}).json
        sizes.append(len(page["data"]))
        path = page["next"]
    assert sizes == [3, 3, 3, 1]
    for query, code, text in (
        ("size=potato", 9, "size must be a number"),
        ("size=x", 9, "size must be a number"),
        ("size=0", 9, "size must be an integer between 1 and 1000"),
        ("offset=x", 7, "'x' is not a valid offset: bad base64 encoding"),
        ("offset=%7Cpotato%7C", 7, "'|potato|' is not a valid offset: bad base64 encoding"),
    ):
        answer = admin.ask("GET", f"/routes?{query}")
        assert (answer.status, answer.json["code"], answer.json["message"]) == (400, code, text)
    for method in ("DELETE", "PUT", "PATCH"):
        assert admin.ask(method, "/routes", {}).json == {"message": "Method not allowed"}


def test_get(admin: Admin) -> None:
    route = admin.made("/routes", {"name": "円", "paths": ["/"]})
    for key in (route["id"], quote("円")):
        assert admin.ask("GET", f"/routes/{key}").json == route
    for key in ("nobody", new_uuid()):
        assert admin.ask("GET", f"/routes/{key}").json == NOT_FOUND


@BOTH
def test_put(admin: Admin, encoding: str) -> None:
    service = admin.made("/services", {"name": "s", "host": "a.b"})
    key = new_uuid()
    created = ask_as(admin, encoding, "PUT", f"/routes/{key}", {"paths": ["/a"], "service": {"id": service["id"]}})
    expected = {"id": key, "paths": ["/a"], "hosts": None, "methods": None, "service": {"id": service["id"]}}
    assert (created.status, {name: created.json[name] for name in expected}) == (200, expected)
    free = ask_as(admin, encoding, "PUT", "/routes/named", {"paths": ["/b"]}).json
    assert (free["name"], free["service"]) == ("named", None)
    for target in (key, "named"):
        again = ask_as(admin, encoding, "PUT", f"/routes/{target}", {"methods": ["GET"], "name": "named2"}).json
        assert (again["paths"], again["methods"], again["service"]) == (None, ["GET"], None)
        assert admin.ask("DELETE", f"/routes/{again['id']}").status == 204
    no_sub, need = (
        "cannot set '{}' when 'protocols' is 'grpc' or 'grpcs'",
        "must set one of 'hosts', 'headers', 'paths'",
    )
    for values, fields in (
        ({}, {"@entity": [NEED_HTTPS]}),
        ({"routes": "x", "paths": ["/"]}, {"routes": "unknown field"}),
        ({"paths": ["/"], "regex_priority": "foobar"}, {"regex_priority": "expected an integer"}),
        ({"protocols": ["grpc"]}, {"@entity": [f"{need} when 'protocols' is 'grpc'"]}),
        ({"protocols": ["grpc"], "paths": ["/"], "strip_path": True}, {"strip_path": no_sub.format("strip_path")}),
        ({"protocols": ["grpc"], "paths": ["/"], "methods": ["GET"]}, {"methods": no_sub.format("methods")}),
    ):
        answer = ask_as(admin, encoding, "PUT", f"/routes/{key}", values)
        assert answer.status == 400
        assert answer.json["fields"].items() >= fields.items(), answer.json


@BOTH
def test_patch(admin: Admin, encoding: str) -> None:
    service = admin.made("/services", {"host": "a.b"})
    full = {"name": "r", "methods": ["GET"], "hosts": ["a.b"], "paths": ["/a"], "service": {"id": service["id"]}}
    route = admin.made("/routes", full)
    cleared = ask_as(admin, encoding, "PATCH", f"/routes/{route['id']}", {"methods": None, "hosts": None}).json
    assert (cleared["methods"], cleared["hosts"], cleared["paths"]) == (None, None, ["/a"])
    by_name = ask_as(admin, encoding, "PATCH", "/routes/r", {"strip_path": False, "hosts": ["c.d"]}).json
    assert (by_name["strip_path"], by_name["hosts"], by_name["service"]) == (False, ["c.d"], {"id": service["id"]})
    assert ask_as(admin, encoding, "PATCH", "/routes/r", {"service": None}).json["service"] is None
    empty = admin.ask("PATCH", "/routes/r", {"methods": [], "snis": [], "tags": []}).json
    assert (empty["methods"], empty["snis"], empty["tags"]) == ([], [], [])
    assert ask_as(admin, encoding, "PATCH", f"/routes/{new_uuid()}", {"methods": ["GET"]}).json["code"] == 6
    bad = ask_as(admin, encoding, "PATCH", "/routes/r", {"regex_priority": "foobar"})
    assert (bad.status, bad.json["message"]) == (400, "schema violation (regex_priority: expected an integer)")
    last = ask_as(admin, encoding, "PATCH", "/routes/r", {"hosts": None, "paths": None, "methods": None, "snis": None})
    assert (last.status, last.json["fields"]) == (400, {"@entity": [NEED_HTTPS]})


def test_delete(admin: Admin) -> None:
    by_id = admin.made("/routes", {"paths": ["/a"]})["id"]
    admin.made("/routes", {"name": "r", "paths": ["/a"]})
    for key in (by_id, "r", new_uuid(), "nobody"):
        assert admin.ask("DELETE", f"/routes/{key}").status == 204


@BOTH
def test_the_service_of_a_route(admin: Admin, encoding: str) -> None:
    service = admin.made("/services", {"name": "s", "host": "a.b", "path": "/"})
    admin.made("/routes", {"name": "r", "paths": ["/"], "service": {"id": service["id"]}})
    admin.made("/routes", {"name": "free", "paths": ["/"]})
    path = "/routes/r/service"
    assert admin.ask("GET", path).json == service
    for missing in ("/routes/free/service", f"/routes/{new_uuid()}/service"):
        for method in ("GET", "PATCH", "DELETE"):
            values = {"host": "a.b"} if method == "PATCH" else None
            assert admin.ask(method, missing, values).json == NOT_FOUND
    patched = ask_as(admin, encoding, "PATCH", path, {"name": "s2", "host": "b.c", "path": None}).json
    assert (patched["id"], patched["name"], patched["host"], patched["path"]) == (service["id"], "s2", "b.c", None)
    url = ask_as(admin, encoding, "PATCH", path, {"url": "https://konghq.test:8443/x"}).json
    assert (url["protocol"], url["host"], url["port"], url["path"]) == ("https", "konghq.test", 8443, "/x")
    bad = ask_as(admin, encoding, "PATCH", path, {"connect_timeout": "foobar"})
    assert (bad.status, bad.json["fields"]) == (400, {"connect_timeout": "expected an integer"})
    assert admin.ask("DELETE", path).json == {"message": "Method not allowed"}
    created = ask_as(admin, encoding, "PUT", "/routes/free/service", {"name": "fresh", "url": "http://c.d/y"})
    assert (created.status, created.json["path"]) == (200, "/y")
    assert admin.ask("GET", "/routes/free").json["service"] == {"id": created.json["id"]}
    replaced = ask_as(admin, encoding, "PUT", path, {"host": "e.f"}).json
    assert (replaced["id"], replaced["name"], replaced["protocol"]) == (service["id"], None, "http")
    wrong = ask_as(admin, encoding, "PUT", path, {"connect_timeout": "foobar"})
    assert wrong.json["message"] == (
        "2 schema violations (connect_timeout: expected an integer; host: required field missing)"
    )


def test_plugins_of_a_route(admin: Admin) -> None:
    route = admin.made("/routes", {"name": "r", "paths": ["/"]})
    path = "/routes/r/plugins"
    form = admin.ask("POST", path, form="name=key-auth&config.key_names[1]=apikey&config.key_names[2]=key")
    assert (form.status, form.json["config"]["key_names"]) == (201, ["apikey", "key"])
    assert admin.ask("POST", path, {"name": "cors"}).status == 201
    empty = admin.ask("POST", path, {})
    assert (empty.status, empty.json["fields"]) == (400, {"name": "required field missing"})
    again = admin.ask("POST", path, {"name": "cors"})
    keys = f'{{consumer=null,name="cors",route={{id="{route["id"]}"}},service=null}}'
    assert (again.status, again.json["message"]) == (409, f"UNIQUE violation detected on '{keys}'")
    taken = admin.ask("POST", path, {"id": form.json["id"], "name": "acl", "config": {"allow": ["a"]}})
    assert (taken.status, taken.json["code"]) == (400, 3)
    assert len(admin.ask("GET", path).json["data"]) == 2


def test_one_plugin_of_a_route(admin: Admin) -> None:
    admin.made("/routes", {"name": "r", "paths": ["/"]})
    for key in ("id", "instance_name"):
        plugin = admin.made("/routes/r/plugins", {"name": "cors", "instance_name": "mine"})
        path = f"/routes/r/plugins/{plugin[key]}"
        assert admin.ask("GET", path).json == plugin
        assert admin.ask("DELETE", path).status == 204
        assert admin.ask("GET", path).json == NOT_FOUND


def test_an_endpoint_may_be_wrapped(serve: Serve) -> None:
    async def add_header(call: Call, handler: Handler) -> Response:
        response = await handler(call)
        response.headers["Kong-Api-Override"] = "ok"
        return response

    with serve(additions=Additions(around={"/routes": add_header})) as admin:
        answer = admin.ask("POST", "/routes", {"paths": ["/"]})
        assert (answer.status, answer.headers["Kong-Api-Override"]) == (201, "ok")
        assert admin.ask("GET", "/routes").headers["Kong-Api-Override"] == "ok"
        assert "Kong-Api-Override" not in admin.ask("GET", "/services").headers
