"""Plugins (acceptance list 04-plugins_routes, 11-reports)."""

from __future__ import annotations

from contextlib import closing
from urllib.parse import quote

import pytest

from gwctl.kit.clock import SystemClock
from gwctl.kit.ids import new_uuid
from gwctl.node.catalog import catalog_for
from gwctl.plugins.bundled import bundled_schemas
from gwctl.settings import Settings
from gwctl.store import DatabaseConfig, Store
from tests.integration.admin.conftest import Admin, Serve
from tests.integration.admin.encodings import ALL, ask_as

NOT_FOUND = {"message": "Not found"}


def not_enabled(name: str) -> str:
    return f"plugin '{name}' not enabled; add it to the 'plugins' configuration property"


def test_the_names_of_plugins(admin: Admin) -> None:
    enabled = admin.ask("GET", "/plugins/enabled").json["enabled_plugins"]
    assert set(enabled) == set(bundled_schemas())


def test_the_collection(admin: Admin) -> None:
    for name in ("key-auth", "cors", "acl", "correlation-id"):
        config = {"allow": ["a"]} if name == "acl" else {}
        admin.made("/plugins", {"name": name, "config": config})
    assert len(admin.ask("GET", "/plugins").json["data"]) == 4
    for method in ("DELETE", "PATCH"):
        assert admin.ask(method, "/plugins", {}).status == 405


def test_get(admin: Admin) -> None:
    plugin = admin.made("/plugins", {"name": "cors", "instance_name": "円"})
    for key in (plugin["id"], quote("円")):
        assert admin.ask("GET", f"/plugins/{key}").json == plugin
    with admin.served.connect() as raw:
        raw.sendall("GET /plugins/円 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        assert raw.recv(65536).startswith(b"HTTP/1.1 200")
    for key in (new_uuid(), "nobody"):
        answer = admin.ask("GET", f"/plugins/{key}")
        assert (answer.status, answer.json) == (404, NOT_FOUND)


@pytest.mark.parametrize("encoding", ALL)
def test_put(admin: Admin, encoding: str) -> None:
    key = new_uuid()
    by_id = ask_as(admin, encoding, "PUT", f"/plugins/{key}", {"name": "key-auth", "config": {"key_in_body": True}})
    assert (by_id.status, by_id.json["id"], by_id.json["config"]["key_in_body"]) == (200, key, True)
    first = ask_as(admin, encoding, "PUT", "/plugins/mine", {"name": "cors", "config": {"max_age": 5}})
    assert (first.status, first.json["instance_name"], first.json["config"]["max_age"]) == (200, "mine", 5)
    again = ask_as(admin, encoding, "PUT", "/plugins/mine", {"name": "cors", "config": {"max_age": 6}})
    assert (again.json["id"], again.json["config"]["max_age"]) == (first.json["id"], 6)
    assert len(admin.ask("GET", "/plugins").json["data"]) == 2


@pytest.mark.parametrize("encoding", ALL)
def test_patch(admin: Admin, encoding: str) -> None:
    service = admin.made("/services", {"host": "a.b"})
    made = {"name": "key-auth", "instance_name": "mine", "service": {"id": service["id"]}, "tags": ["a"]}
    plugin = admin.made("/plugins", made)
    for key in (plugin["id"], "mine"):
        changed = ask_as(admin, encoding, "PATCH", f"/plugins/{key}", {"enabled": False, "config": {"realm": key}})
        assert (changed.status, changed.json["enabled"], changed.json["config"]["realm"]) == (200, False, key)
        assert changed.json["config"]["key_names"] == ["apikey"]
    assert admin.ask("PATCH", "/plugins/mine", form="config.realm=7").json["config"]["realm"] == "7"
    whole = {k: v for k, v in admin.ask("GET", "/plugins/mine").json.items() if k not in ("created_at", "updated_at")}
    same = admin.ask("PATCH", "/plugins/mine", {**whole, "enabled": True})
    assert (same.status, same.json["config"], same.json["enabled"]) == (200, whole["config"], True)
    free = ask_as(admin, encoding, "PATCH", "/plugins/mine", {"service": None})
    assert (free.status, free.json["service"]) == (200, None)
    assert admin.ask("PATCH", "/plugins/mine", {"tags": None}).json["tags"] is None


@pytest.mark.parametrize("encoding", ALL)
def test_patches_that_are_refused(admin: Admin, encoding: str) -> None:
    plugin = admin.made("/plugins", {"name": "key-auth"})
    for values, text in (
        ({"foo": "bar"}, "schema violation (foo: unknown field)"),
        ({"config": "bar"}, "schema violation (config: expected a record)"),
        ({"name": "foo"}, f"schema violation (name: {not_enabled('foo')})"),
    ):
        answer = ask_as(admin, encoding, "PATCH", f"/plugins/{plugin['id']}", values)
        assert (answer.status, answer.json["message"]) == (400, text)
    assert admin.ask("GET", f"/plugins/{plugin['id']}").json == plugin
    assert ask_as(admin, encoding, "PATCH", f"/plugins/{new_uuid()}", {"enabled": False}).status == 404


def test_delete(admin: Admin) -> None:
    by_id = admin.made("/plugins", {"name": "cors"})["id"]
    admin.made("/plugins", {"name": "key-auth", "instance_name": "mine"})
    for key in (by_id, "mine", new_uuid(), "nobody"):
        assert admin.ask("DELETE", f"/plugins/{key}").status == 204
    assert admin.ask("GET", "/plugins").json["data"] == []


def test_schemas_in_the_format_of_clients(admin: Admin) -> None:
    for name in bundled_schemas():
        schema = admin.ask("GET", f"/schemas/plugins/{name}")
        assert isinstance(schema.json["fields"], list)
        assert isinstance(schema.json["entity_checks"], list)
    data = admin.ask("GET", "/schemas/plugins/request-transformer").data
    assert b'"default":[]' in data
    for never in (b'"fields":{', b'"entity_checks":{', b'"default":{}'):
        assert never not in data


def test_which_plugins_a_node_has(serve: Serve, bootstrapped: DatabaseConfig) -> None:
    for words, expected in (
        ("bundled", set(bundled_schemas())),
        ("off", set()),
        ("off, key-auth", set()),
        ("key-auth, off, basic-auth", {"key-auth", "basic-auth"}),
    ):
        environ = {"GWCTL_PLUGINS": words}
        catalog = catalog_for(Settings.load(role="control_plane", environ=environ))
        store = Store.open(bootstrapped, catalog, SystemClock())
        with closing(store), serve(environ=environ, catalog=catalog, store=store) as admin:
            assert set(admin.ask("GET", "/").json["plugins"]["available_on_server"]) == expected
            assert set(admin.ask("GET", "/").json["configuration"]["loaded_plugins"]) == expected
            answer = admin.ask("POST", "/plugins", {"name": "cors"})
            if "cors" in expected:
                changed = admin.ask("PATCH", f"/plugins/{answer.json['id']}", {"config": {"max_age": 9}}).json
                assert changed["updated_at"] >= answer.json["updated_at"]
                assert admin.ask("DELETE", f"/plugins/{answer.json['id']}").status == 204
            else:
                assert (answer.status, answer.json["fields"]) == (400, {"name": not_enabled("cors")})
