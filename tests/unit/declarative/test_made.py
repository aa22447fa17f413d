"""Files that are made: from older formats, from OpenAPI, the example, and the JSON Schema of them all."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema
import pytest
import yaml

from gwctl.declarative import load_values
from gwctl.declarative.jsonschema import document_schema
from gwctl.declarative.modernize import modernize
from gwctl.declarative.openapi import convert_openapi, is_openapi
from gwctl.declarative.sample import EDITOR_LINE, SAMPLE
from gwctl.entities.catalog import Catalog
from gwctl.kit.errors import GwctlError
from tests.unit.declarative.conftest import NOW, Loads
from tests.unit.declarative.everything import everything


def test_older_files_become_3_0_and_mean_the_same(catalog: Catalog) -> None:
    limit = {
        "name": "rate-limiting",
        "config": {"minute": 3, "policy": "redis", "redis_host": "r.test", "redis_port": 7},
    }
    old = {
        "_format_version": "2.1",
        "_info": {"select_tags": ["kept"]},
        "services": [
            {"name": "s", "host": "h", "routes": [{"name": "r", "paths": ["/a.*", "/plain"]}], "plugins": [limit]}
        ],
        "plugins": [{"name": "not-known", "config": {"x": 1}}],
    }
    before = copy.deepcopy(old)

    done = modernize(old, catalog)

    assert old == before
    assert done.document == {
        "_format_version": "3.0",
        "_info": {"select_tags": ["kept"]},
        "services": [
            {
                "name": "s",
                "host": "h",
                "routes": [{"name": "r", "paths": ["~/a.*", "/plain"]}],
                "plugins": [
                    {
                        "name": "rate-limiting",
                        "config": {"minute": 3, "policy": "redis", "redis": {"host": "r.test", "port": 7}},
                    }
                ],
            }
        ],
        "plugins": [{"name": "not-known", "config": {"x": 1}}],
    }
    assert done.notes[:2] == ["format 2.1 became 3.0", "route r: path /a.* became ~/a.*"]
    assert any("config.redis_host is deprecated" in note for note in done.notes)
    loadable = {key: value for key, value in old.items() if key not in ("_info", "plugins")}
    new = {key: value for key, value in done.document.items() if key in loadable}
    assert load_values(loadable, catalog=catalog, now=NOW).records == load_values(new, catalog=catalog, now=NOW).records


def test_a_present_file_is_not_changed(catalog: Catalog) -> None:
    document = everything()

    assert modernize(document, catalog).document == document
    assert modernize(document, catalog).notes == []


OPENAPI = """
openapi: 3.0.3
info: {title: "My Shop: Orders", version: "1"}
servers:
- url: https://{region}.shop.test/v1/
  variables: {region: {default: eu}}
x-kong-plugin-correlation-id: {config: {header_name: X-Id}}
paths:
  /orders:
    get: {operationId: List Orders, tags: ["a/b,c"]}
    post: {}
  /orders/{order-id}/lines/{order.id}:
    get: {x-kong-plugin-key-auth: {}, x-kong-route-defaults: {preserve_host: true}}
  /a.b+c(d):
    head: {}
    servers: [{url: "http://other.test:8080"}, {url: "http://10.0.0.1"}]
"""


def test_openapi_becomes_services_and_routes(catalog: Catalog, loads: Loads) -> None:
    document = yaml.safe_load(OPENAPI)

    made = convert_openapi(document, tags=["oas"])

    first, second = made["services"]
    assert {name: first[name] for name in ("name", "protocol", "host", "port", "path", "tags")} == {
        "name": "my-shop-orders", "protocol": "https", "host": "eu.shop.test", "port": 443, "path": "/v1",
        "tags": ["oas"],
    }  # fmt: skip
    assert first["plugins"] == [{"name": "correlation-id", "config": {"header_name": "X-Id"}}]
    assert [
        (route["name"], route["paths"], route["methods"], route["regex_priority"]) for route in first["routes"]
    ] == [
        ("my-shop-orders_list-orders", ["~/orders$"], ["GET"], 200),
        ("my-shop-orders_post-orders", ["~/orders$"], ["POST"], 200),
        (
            "my-shop-orders_get-orders-order-id-lines-order.id",
            ["~/orders/(?<order_id>[^/]+)/lines/(?<order_id_2>[^/]+)$"],
            ["GET"],
            100,
        ),
    ]
    assert first["routes"][0]["tags"] == ["oas", "a-b-c"]
    assert first["routes"][2]["plugins"] == [{"name": "key-auth"}]
    assert first["routes"][2]["preserve_host"] is True
    assert second["routes"][0]["paths"] == [r"~/a\.b\+c\(d\)$"]
    assert second["host"] == made["upstreams"][0]["name"]
    assert [target["target"] for target in made["upstreams"][0]["targets"]] == ["other.test:8080", "10.0.0.1:80"]
    assert len(loads(**{key: value for key, value in made.items() if not key.startswith("_")})) == 12
    assert convert_openapi(document, tags=["oas"]) == made


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"openapi": "2.0"}, "only OpenAPI 3 can be converted, this is 2.0"),
        ({"openapi": None, "swagger": "2.0"}, "only OpenAPI 3 can be converted, this is Swagger 2.0"),
        ({"servers": [{"url": "/v1"}]}, "servers: '/v1' says no http or https host"),
        ({"servers": [{"url": "https://{missing}.test"}]}, "says no http or https host"),
        ({"servers": [{}]}, "servers: a server needs a url"),
        ({"servers": [{"url": "http://a.test:port"}]}, "servers: 'http://a.test:port'"),
        ({"servers": [{"url": "http://a.test"}, {"url": "https://a.test"}]}, "differ in more than their host"),
        ({"paths": []}, None),
        ({"paths": [1]}, "paths: expected an object"),
        ({"paths": {"/x": 1}}, "paths./x: expected an object"),
        ({"paths": {"/x": {"get": 1}}}, "paths./x.get: expected an object"),
    ],
)
def test_openapi_that_cannot_be_converted(change: dict[str, Any], told: str | None) -> None:
    document = {**yaml.safe_load(OPENAPI), **change}
    if told is None:
        assert convert_openapi(document)["services"] == []
        return
    with pytest.raises(GwctlError) as caught:
        convert_openapi(document)

    assert told in caught.value.message


def test_a_server_may_be_told(loads: Loads) -> None:
    document = {"openapi": "3.1.0", "paths": {"/x": {"get": {}}}, "servers": [{"url": "/v1"}]}

    (service,) = convert_openapi(document, server="https://a.test/base/")["services"]

    assert (service["host"], service["path"]) == ("a.test", "/base/v1")
    assert is_openapi(document)
    assert not is_openapi({"_format_version": "3.0"})


def test_the_example_loads_also_with_its_comments_taken_away(loads: Loads) -> None:
    lines = SAMPLE.splitlines()
    start = lines.index("# services:")
    shown = [
        line[2:] if line.startswith("# ") and not line.startswith(("# A ", "# An ")) else line for line in lines[start:]
    ]

    assert loads(SAMPLE).records == {}
    assert SAMPLE.startswith(EDITOR_LINE)
    assert set(loads('_format_version: "3.0"\n' + "\n".join(shown)).records) == {
        *("services", "routes", "plugins", "upstreams", "targets", "consumers", "keyauth_credentials", "acls"),
    }


@pytest.fixture(scope="module")
def judge(catalog: Catalog) -> jsonschema.Draft202012Validator:
    schema = document_schema(catalog)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def faults(judge: jsonschema.Draft202012Validator, document: Any) -> list[str]:
    return sorted("/".join(map(str, error.absolute_path)) for error in judge.iter_errors(document))


def test_the_schema_takes_what_loads(judge: jsonschema.Draft202012Validator, catalog: Catalog) -> None:
    from gwctl.declarative import export

    document = everything()
    exported = export(load_values(document, catalog=catalog, now=NOW), catalog=catalog, form="json", now=NOW)

    assert faults(judge, document) == []
    assert faults(judge, yaml.safe_load(exported)) == []
    assert faults(judge, yaml.safe_load(SAMPLE)) == []


def test_the_schema_points_at_mistakes(judge: jsonschema.Draft202012Validator) -> None:
    document = {
        "_format_version": 3.0,
        "_info": {},
        "services": [
            {"name": "a", "hots": "b", "routes": [{"paths": "/"}], "plugins": [{"name": "cors", "config": {"x": 1}}]}
        ],
        "plugins": [{"name": "nope"}, {"name": "rate-limiting", "config": {"minute": "many"}}],
    }

    assert set(faults(judge, document)) == {
        "",
        "_format_version",
        "services/0",
        "services/0/routes/0/paths",
        "services/0/plugins/0/config",
        "plugins/0/name",
        "plugins/1/config/minute",
    }


def test_the_schema_for_deck_knows_its_keys(catalog: Catalog) -> None:
    judge = jsonschema.Draft202012Validator(document_schema(catalog, deck=True))
    document = {
        "_format_version": "3.0",
        "_info": {"select_tags": ["a"], "defaults": {"service": {"retries": 1}}},
        "_workspace": "default",
        "_plugin_configs": {"x": {"minute": 1}},
        "plugins": [{"name": "rate-limiting", "_config": "x"}],
    }

    assert faults(judge, document) == []
