"""Hand-written endpoints: the node, the cluster, tags, and the API about itself (admin-api.md 2.6)."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

import gwctl
from gwctl.kit.ids import new_uuid
from tests.integration.admin.conftest import NODE_ID, Admin, Serve

NO_CONTROL_PLANE = {
    "message": "this endpoint is only available when Kong is configured to run as Control Plane for the cluster"
}


def test_the_root_tells_about_the_node(serve: Serve) -> None:
    with serve(environ={"GWCTL_PG_PASSWORD": "open sesame", "GWCTL_DATABASE": "sqlite"}) as admin:
        body = admin.ask("GET", "/").json
    configuration = body.pop("configuration")
    assert body["plugins"].pop("available_on_server")["key-auth"] == {"version": "3.8.1", "priority": 1250}
    assert configuration["loaded_plugins"]["key-auth"] is True
    assert configuration["role"] == "control_plane"
    assert configuration["pg_password"] == "******"
    assert body.pop("lua_version")
    assert isinstance(body.pop("timers")["running"], int)
    assert body == {
        "tagline": "Welcome to kong",
        "version": "3.8.1",
        "gwctl_version": gwctl.__version__,
        "edition": "community",
        "hostname": "here",
        "node_id": NODE_ID,
        "pids": {"master": 1, "workers": [2, 3]},
        "plugins": {"enabled_in_cluster": []},
    }


def test_status(admin: Admin) -> None:
    assert admin.ask("GET", "/status").json == {
        "memory": {"lua_shared_dicts": {}, "workers_lua_vms": [{"http_allocated_gc": "1.00 MiB", "pid": 2}]},
        "server": {"total_requests": 7},
        "database": {"reachable": True},
    }
    bad = admin.ask("GET", "/status?unit=V")
    assert (bad.status, bad.json) == (400, {"message": "invalid unit 'V' (expected 'k/K', 'm/M', or 'g/G')"})


def test_robots(admin: Admin) -> None:
    assert admin.ask("GET", "/robots.txt").data == b"User-agent: *\nDisallow: /"


def report(admin: Admin, **changes: Any) -> str:
    key = new_uuid()
    row = {
        "id": key,
        "hostname": "dp",
        "ip": "127.0.0.1",
        "version": "3.8.1",
        "last_seen": 1700000000,
        "config_hash": "0" * 32,
        "sync_status": "normal",
        "labels": {"a": "b"},
        "cert_details": {"expiry_timestamp": 1800000000},
        "rpc_capabilities": [],
        "ttl": 1209600,
        **changes,
    }
    admin.store.record_data_plane(row)
    return key


def test_data_planes(admin: Admin) -> None:
    assert admin.ask("GET", "/clustering/data-planes").json == {"data": [], "next": None}
    key = report(admin)
    body = admin.ask("GET", "/clustering/data-planes?tags=").json
    row = body["data"][0]
    assert isinstance(row.pop("updated_at"), int)
    assert 1209590 <= row.pop("ttl") <= 1209600
    assert (
        row.items()
        >= {
            "id": key,
            "hostname": "dp",
            "ip": "127.0.0.1",
            "version": "3.8.1",
            "last_seen": 1700000000,
            "config_hash": "0" * 32,
            "sync_status": "normal",
            "labels": {"a": "b"},
            "cert_details": {"expiry_timestamp": 1800000000},
            "rpc_capabilities": [],
        }.items()
    )
    assert body["next"] is None
    status = admin.ask("GET", "/clustering/status")
    assert status.headers["Deprecation"] == "true"
    assert status.json == {key: {"config_hash": "0" * 32, "hostname": "dp", "ip": "127.0.0.1", "last_seen": 1700000000}}


def test_data_planes_come_in_pages(admin: Admin) -> None:
    keys = sorted(report(admin) for _ in range(3))
    page = admin.ask("GET", "/clustering/data-planes?size=2").json
    assert [row["id"] for row in page["data"]] == keys[:2]
    rest = admin.ask("GET", page["next"]).json
    assert ([row["id"] for row in rest["data"]], rest["next"]) == (keys[2:], None)


@pytest.mark.parametrize("path", ["/clustering/data-planes", "/clustering/status"])
def test_only_a_control_plane_knows_data_planes(serve: Serve, path: str) -> None:
    with serve(role="traditional") as admin:
        answer = admin.ask("GET", path)
        assert (answer.status, answer.json) == (400, NO_CONTROL_PLANE)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/clustering/data-planes", 405),
        ("GET", f"/clustering/data-planes/{NODE_ID}", 404),
        ("GET", "/clustering_data_planes", 404),
        ("GET", "/clustering-data-planes", 404),
        ("GET", "/parameters", 404),
    ],
)
def test_the_registry_has_no_generated_endpoints(admin: Admin, method: str, path: str, status: int) -> None:
    assert admin.ask(method, path).status == status


def test_tags(admin: Admin) -> None:
    service = admin.made("/services", {"host": "a.b", "tags": ["x y", "z"]})
    route = admin.made("/routes", {"paths": ["/"], "tags": ["z"]})
    rows = admin.ask("GET", "/tags?tags=").json["data"]
    assert sorted((row["entity_name"], row["entity_id"], row["tag"]) for row in rows) == sorted(
        [
            ("services", service["id"], "x y"),
            ("services", service["id"], "z"),
            ("routes", route["id"], "z"),
        ]
    )
    assert admin.ask("GET", "/tags/x%20y").json["data"] == [
        {"entity_name": "services", "entity_id": service["id"], "tag": "x y"}
    ]
    assert admin.ask("GET", "/tags/none").json == {"data": [], "next": None}
    page = admin.ask("GET", "/tags/z?size=1").json
    assert page["next"].startswith("/tags/z?offset=")
    assert len(admin.ask("GET", page["next"]).json["data"]) == 1


@pytest.mark.parametrize(
    ("tag", "text"), [("a%2Cb", "invalid tag 'a,b': expected printable ascii"), ("%FF", "invalid utf-8")]
)
def test_a_bad_tag_in_the_path(admin: Admin, tag: str, text: str) -> None:
    answer = admin.ask("GET", f"/tags/{tag}")
    assert answer.status == 400
    assert (answer.json["code"], answer.json["name"]) == (10, "invalid unique tag")
    assert text in answer.json["message"]


@pytest.mark.parametrize(
    ("method", "path", "verb"),
    [
        ("POST", "/tags", "insert"),
        ("PUT", "/tags/a", "upsert"),
        ("PATCH", "/tags/a", "update"),
        ("DELETE", "/tags/a", "delete"),
    ],
)
def test_tags_cannot_be_written(admin: Admin, method: str, path: str, verb: str) -> None:
    answer = admin.ask(method, path, {})
    assert answer.status == 400
    assert answer.json["message"] == f"schema violation (tags: does not support {verb} operations)"


def test_schemas(admin: Admin) -> None:
    for name in ("services", "routes", "certificates", "targets", "tags", "parameters", "clustering_data_planes"):
        schema = admin.ask("GET", f"/schemas/{name}").json
        assert isinstance(schema["fields"], list)
        assert isinstance(schema["entity_checks"], list)
    unknown = admin.ask("GET", "/schemas/not-present")
    assert (unknown.status, unknown.json) == (404, {"message": "No entity named 'not-present'"})


def test_validation_without_storing(admin: Admin) -> None:
    fine = admin.ask("POST", "/schemas/services/validate", {"host": "a.b"})
    assert (fine.status, fine.json) == (200, {"message": "schema validation successful"})
    bad = admin.ask("POST", "/schemas/services/validate", {})
    assert (bad.status, bad.json["message"]) == (400, "schema violation (host: required field missing)")
    assert admin.ask("POST", "/schemas/nope/validate", {}).status == 404
    assert admin.ask("GET", "/services").json["data"] == []


def test_endpoints_are_listed_by_segment(admin: Admin) -> None:
    paths = admin.ask("GET", "/endpoints").json["data"]
    assert paths == sorted(paths, key=lambda path: path.split("/"))
    assert {
        "/",
        "/services/{services}/routes/{routes}",
        "/routes/{routes}/service",
        "/certificates/{certificates}/snis/{snis}",
        "/upstreams/{upstreams}/targets/all",
        "/plugins/{plugins}/consumer",
        "/services/{services}/client_certificate",
        "/openapi.json",
    } <= set(paths)
    assert not {"/targets", "/targets/{targets}", "/snis/{snis}/certificate", "/parameters"} & set(paths)


DOCUMENT_SCHEMA = {
    "type": "object",
    "required": ["openapi", "info", "paths", "components"],
    "properties": {
        "openapi": {"const": "3.1.0"},
        "info": {"type": "object", "required": ["title", "version"]},
        "paths": {
            "type": "object",
            "propertyNames": {"pattern": "^/"},
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "parameters": {"type": "array", "items": {"$ref": "#/$defs/parameter"}},
                },
                "patternProperties": {"^(get|put|post|patch|delete)$": {"$ref": "#/$defs/operation"}},
            },
        },
        "components": {"type": "object", "required": ["schemas"]},
    },
    "$defs": {
        "parameter": {
            "type": "object",
            "required": ["name", "in", "schema"],
            "properties": {"in": {"enum": ["path", "query"]}},
            "if": {"properties": {"in": {"const": "path"}}},
            "then": {"required": ["required"], "properties": {"required": {"const": True}}},
        },
        "operation": {
            "type": "object",
            "required": ["operationId", "responses", "summary"],
            "properties": {
                "responses": {
                    "type": "object",
                    "minProperties": 1,
                    "propertyNames": {"pattern": "^[1-5][0-9][0-9]$"},
                    "additionalProperties": {"type": "object", "required": ["description"]},
                },
                "requestBody": {"type": "object", "required": ["content"]},
            },
        },
    },
}


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(part) for part in value.values()))
    return set().union(*(references(part) for part in value)) if isinstance(value, list) else set()


def test_openapi_describes_every_path(admin: Admin) -> None:
    document = admin.ask("GET", "/openapi.json").json
    jsonschema.Draft202012Validator(DOCUMENT_SCHEMA).validate(document)
    assert sorted(document["paths"]) == sorted(admin.ask("GET", "/endpoints").json["data"])
    operations = [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    ]
    identifiers = [operation["operationId"] for _, _, operation in operations]
    assert len(identifiers) == len(set(identifiers))
    for path, item in document["paths"].items():
        named = [parameter["name"] for parameter in item.get("parameters", ())]
        assert named == [part[1:-1] for part in path.split("/") if part.startswith("{")]
        allowed = admin.ask("OPTIONS", path.replace("{", "").replace("}", "")).headers["Allow"].split(", ")
        assert sorted({*allowed} - {"HEAD", "OPTIONS"}) == sorted({name.upper() for name in item} - {"PARAMETERS"})
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) <= known
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    arguments = [parameter["name"] for parameter in document["paths"]["/consumers"]["get"]["parameters"]]
    assert arguments == ["size", "offset", "tags", "custom_id"]


def test_openapi_tells_what_the_api_answers(admin: Admin) -> None:
    document = admin.ask("GET", "/openapi.json").json
    made = {
        "services": admin.made("/services", {"name": "s1", "host": "a.b"}),
        "routes": admin.made("/services/s1/routes", {"paths": ["/"]}),
        "consumers": admin.made("/consumers", {"username": "u"}),
        "upstreams": admin.made("/upstreams", {"name": "u"}),
        "targets": admin.made("/upstreams/u/targets", {"target": "a.b"}),
        "plugins": admin.made("/plugins", {"name": "key-auth"}),
    }
    for name, record in made.items():
        validator = jsonschema.Draft202012Validator({**document, **document["components"]["schemas"][name]})
        validator.validate(record)
