"""The node about itself: `/`, `/status`, `/endpoints`, `/schemas` (acceptance list 01-admin_api and 02-kong_routes)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.responses import PlainTextResponse, Response

from gwctl.admin.context import Additions
from gwctl.admin.routing import Call, Endpoint, Operation
from gwctl.kit.ids import is_uuid
from tests.integration.admin.conftest import NODE_ID, Admin, Serve
from tests.integration.admin.pems import pair

NOT_FOUND = {"message": "Not found"}
NOT_ALLOWED = {"message": "Method not allowed"}
SUCCESS = {"message": "schema validation successful"}


def test_head_of_the_root(admin: Admin) -> None:
    get, head = admin.ask("GET", "/"), admin.ask("HEAD", "/")
    changing = ("Date", "X-Kong-Admin-Latency", "date", "x-kong-admin-latency")
    assert (head.status, head.data) == (200, b"")
    assert {k: v for k, v in head.headers.items() if k not in changing} == {
        k: v for k, v in get.headers.items() if k not in changing
    }


def test_options_of_the_root(admin: Admin) -> None:
    answer = admin.ask("OPTIONS", "/")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert (answer.status, answer.data) == (204, b"")
    assert headers["allow"] == headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    assert headers["access-control-allow-headers"] == "Content-Type"
    assert headers["access-control-allow-origin"] == "*"
    assert headers["x-kong-admin-latency"].isdigit()


def test_the_root(serve: Serve, database_kind: str) -> None:
    with serve(environ={"GWCTL_PG_PASSWORD": "open sesame", "GWCTL_PRNG_SEEDS": "1"}) as admin:
        answer = admin.ask("GET", "/")
        body = answer.json
        assert (body["version"], body["edition"], body["tagline"]) == ("3.8.1", "community", "Welcome to kong")
        assert is_uuid(body["node_id"])
        headers = {name.lower(): value for name, value in answer.headers.items()}
        assert headers["server"] == "kong/3.8.1"
        assert "via" not in headers
        assert isinstance(body["configuration"], dict)
        assert b'"enabled_in_cluster":[]' in answer.data
        assert isinstance(body["configuration"]["pg_password"], str)
        assert b"open sesame" not in answer.data
        assert isinstance(body["pids"]["master"], int)
        assert all(isinstance(pid, int) for pid in body["pids"]["workers"])
        assert "prng_seeds" not in body
        admin.made("/plugins", {"name": "key-auth"})
        admin.made("/plugins", {"name": "cors"})
        assert admin.ask("GET", "/").json["plugins"]["enabled_in_cluster"] == ["cors", "key-auth"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "JOHNNY"])
def test_the_root_takes_no_other_method(admin: Admin, method: str) -> None:
    answer = admin.ask(method, "/", {"a": "b"})
    assert (answer.status, answer.json) == (405, NOT_ALLOWED)


def test_the_node_id(admin: Admin) -> None:
    assert admin.ask("GET", "/").json["node_id"] == NODE_ID


async def _say(call: Call) -> Response:
    return PlainTextResponse("raw words", 201)


CUSTOM = Endpoint("/custom/{name}", "custom", {"GET": Operation(_say, "Say"), "POST": Operation(_say, "Say", 201)})


def test_the_list_of_endpoints(serve: Serve) -> None:
    with serve(additions=Additions([CUSTOM])) as admin:
        paths = admin.ask("GET", "/endpoints").json["data"]
        assert {"/plugins", "/basic-auths/{basicauth_credentials}", "/custom/{name}"} <= set(paths)
        answer = admin.ask("POST", "/custom/x", {})
        assert (answer.status, answer.data) == (201, b"raw words")


def test_status_figures(admin: Admin) -> None:
    body = admin.ask("GET", "/status").json
    assert body["database"] == {"reachable": True}
    assert "configuration_hash" not in body


def test_status_memory(admin: Admin) -> None:
    def amount(query: str) -> Any:
        (worker,) = admin.ask("GET", f"/status{query}").json["memory"]["workers_lua_vms"]
        assert isinstance(worker["pid"], int)
        return worker["http_allocated_gc"]

    assert re.fullmatch(r"\d+\.\d\d MiB", amount(""))
    assert re.fullmatch(r"\d+\.\d\d KiB", amount("?unit=k"))
    assert re.fullmatch(r"\d+\.\d{3} MiB", amount("?scale=3"))
    assert amount("?unit=b") == 1 << 20
    bad = admin.ask("GET", "/status?unit=V")
    assert (bad.status, bad.json) == (400, {"message": "invalid unit 'V' (expected 'k/K', 'm/M', or 'g/G')"})
    assert admin.ask("GET", "/status?scale=-1").json == {"message": "scale must be equal or greater than 0"}


def test_schemas_of_all_entities(admin: Admin, catalog: Any) -> None:
    for name in catalog.names:
        schema = admin.ask("GET", f"/schemas/{name}").json
        assert isinstance(schema["fields"], list)
        assert isinstance(schema["entity_checks"], list)
    unknown = admin.ask("GET", "/schemas/not-present")
    assert (unknown.status, unknown.json) == (404, {"message": "No entity named 'not-present'"})
    fields = {
        name: each for field in admin.ask("GET", "/schemas/routes").json["fields"] for name, each in field.items()
    }
    assert fields["service"]["reference"] == "services"
    assert "schema" not in fields["service"]


def test_schemas_of_vaults(admin: Admin) -> None:
    assert admin.ask("GET", "/schemas/vaults/env").status == 200
    unknown = admin.ask("GET", "/schemas/vaults/not-present")
    assert (unknown.status, unknown.json) == (404, {"message": "No vault named 'not-present'"})
    empty = admin.ask("POST", "/schemas/vaults/validate")
    assert (empty.status, empty.json["message"]) == (400, "schema violation (name: required field missing)")
    assert admin.ask("POST", "/schemas/vaults/validate", {"name": "env", "prefix": "ab"}).json == SUCCESS


def test_schemas_of_plugins(admin: Admin, catalog: Any) -> None:
    for name in catalog.plugins:
        schema = admin.ask("GET", f"/schemas/plugins/{name}").json
        assert {next(iter(field)) for field in schema["fields"]} == {
            "consumer", "route", "service", "protocols", "config",
        }, name  # fmt: skip
        old = admin.ask("GET", f"/plugins/schema/{name}").json
        assert old["fields"] == next(field["config"]["fields"] for field in schema["fields"] if "config" in field)
    unknown = admin.ask("GET", "/schemas/plugins/not-present")
    assert (unknown.status, unknown.json) == (404, {"message": "No plugin named 'not-present'"})
    assert admin.ask("GET", "/plugins/schema/not-present").status == 404
    limits = admin.ask("GET", "/schemas/plugins/rate-limiting").json
    config = next(field["config"] for field in limits["fields"] if "config" in field)
    old = {name: each for field in config["shorthand_fields"] for name, each in field.items()}
    deprecation = old["redis_host"]["deprecation"]
    assert {"message", "removal_in_version", "replaced_with"} <= set(deprecation)


def test_validating_entities(admin: Admin) -> None:
    assert admin.ask("POST", "/schemas/services/validate", {"host": "example.test"}).json == SUCCESS
    fine = admin.ask("POST", "/schemas/certificates/validate", {**pair(), "snis": ["a.test", "*.b.test"]})
    assert (fine.status, fine.json) == (200, SUCCESS)
    bad = admin.ask("POST", "/schemas/certificates/validate", {**pair(), "snis": ["120.0.9.32:90"]})
    assert (bad.status, bad.json["message"]) == (400, "schema violation (snis.1: must not be an IP)")
    assert bad.json["fields"] == {"snis": ["must not be an IP"]}
    assert admin.ask("POST", "/schemas/nope/validate", {}).status == 404
    assert admin.ask("GET", "/services").json["data"] == []


def test_validating_plugins(admin: Admin) -> None:
    path = "/schemas/plugins/validate"
    assert admin.ask("POST", path, {"name": "key-auth", "config": {"key_names": ["a"]}}).json == SUCCESS
    bad = admin.ask("POST", path, {"name": "key-auth", "config": {"nope": 1}})
    assert (bad.status, bad.json["name"]) == (400, "schema violation")
    assert bad.json["fields"] == {"config": {"nope": "unknown field"}}
    by_lua = {"request.headers.x": "return nil"}
    log = {"name": "file-log", "config": {"path": "/tmp/x", "custom_fields_by_lua": by_lua}}
    assert admin.ask("POST", path, log).json == SUCCESS
    stored = admin.made("/plugins", log)
    assert stored["config"]["custom_fields_by_lua"] == by_lua


def test_an_unknown_path(admin: Admin) -> None:
    head = admin.ask("HEAD", "/non-existing")
    assert (head.status, head.data) == (404, b"")
    for method in ("OPTIONS", "GET", "POST", "PUT", "DELETE"):
        answer = admin.ask(method, "/non-existing")
        assert (answer.status, answer.json) == (404, NOT_FOUND)
