"""Requests as Kong Manager sends them from a browser, a case for every row of admin-api.md 4.2."""

from __future__ import annotations

from typing import Any

import pytest

from gwctl.kit.ids import new_uuid
from tests.integration.admin.conftest import Admin, Serve
from tests.integration.admin.pems import authority, pair

ORIGIN = "http://gui.test:8002"
BROWSER = {"Origin": ORIGIN}
LISTS = (
    "services", "routes", "consumers", "plugins", "upstreams", "certificates", "ca_certificates", "snis", "vaults",
    "keys", "key-sets",
)  # fmt: skip
CREATED: dict[str, dict[str, Any]] = {
    "services": {"name": "s", "host": "a.b"},
    "routes": {"name": "r", "paths": ["/"]},
    "consumers": {"username": "bob"},
    "plugins": {"name": "cors", "instance_name": "p"},
    "upstreams": {"name": "u.test"},
    "certificates": pair(),
    "ca_certificates": {"cert": authority()},
    "vaults": {"name": "env", "prefix": "my-env"},
    "key-sets": {"name": "set"},
    "keys": {"name": "k", "kid": "k", "pem": {"private_key": pair()["key"]}},
}
CREDENTIALS: dict[str, dict[str, Any]] = {
    "key-auth": {"key": "k"},
    "basic-auth": {"username": "b", "password": "p"},
    "hmac-auth": {"username": "h"},
    "jwt": {"key": "j"},
    "acls": {"group": "g"},
    "oauth2": {"name": "app"},
}
PROBES = ("custom-plugins", "cloned-plugins", "partials", "consumer_groups", "licenses")


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE", "POST"])
def test_preflight_requests(serve: Serve, method: str) -> None:
    with serve(environ={"GWCTL_ADMIN_GUI_URL": f"{ORIGIN}/manager"}) as admin:
        asked = {**BROWSER, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "content-type"}
        path = "/services" if method == "POST" else "/services/x"
        answer = admin.ask("OPTIONS", path, headers=asked)
        assert answer.status == 204
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert method in answer.headers["Access-Control-Allow-Methods"].split(", ")
        assert answer.headers["Access-Control-Allow-Headers"] == "content-type"


def test_the_overview(admin: Admin) -> None:
    body = admin.ask("GET", "/", headers=BROWSER).json
    assert {"version", "edition", "tagline", "hostname", "lua_version"} <= set(body)
    assert isinstance(body["plugins"]["available_on_server"], dict)
    assert isinstance(body["plugins"]["enabled_in_cluster"], list)
    configuration = body["configuration"]
    assert {"role", "database", "admin_listen", "proxy_listeners", "admin_gui_listeners", "router_flavor"} <= set(
        configuration
    )
    assert (configuration["role"], configuration["router_flavor"]) == ("control_plane", "traditional_compatible")
    assert all({"port", "ssl"} <= set(each) for each in configuration["admin_listeners"])


def test_lists_and_pages(admin: Admin) -> None:
    for kind in LISTS:
        for query in ("size=30", "size=30&sort_by=name&sort_desc=1", "size=30&tags=a", "size=30&name=x&username=y"):
            answer = admin.ask("GET", f"/{kind}?{query}", headers=BROWSER)
            assert (answer.status, answer.json) == (200, {"data": [], "next": None}), kind
    for number in range(3):
        admin.made("/services", {"name": f"s{number}", "host": "a.b"})
    page = admin.ask("GET", "/services?size=2", headers=BROWSER).json
    second = admin.ask("GET", f"/services?size=2&offset={page['offset']}", headers=BROWSER).json
    assert (len(page["data"]), len(second["data"])) == (2, 1)


def test_create_search_edit_and_delete(admin: Admin) -> None:
    for kind, values in CREATED.items():
        made = admin.ask("POST", f"/{kind}", values, headers=BROWSER)
        assert made.status == 201, (kind, made.json)
        assert made.headers["Access-Control-Allow-Origin"] == ORIGIN
        record = made.json
        for name in ("id", "name", "username", "prefix", "instance_name"):
            if name in values or name == "id":
                if kind in ("plugins", "vaults") and name == "name":
                    continue
                assert admin.ask("GET", f"/{kind}/{record[name]}", headers=BROWSER).json == record
        assert admin.ask("GET", f"/{kind}/{new_uuid()}", headers=BROWSER).status == 404
        changed = admin.ask("PATCH", f"/{kind}/{record['id']}", {"tags": ["edited"]}, headers=BROWSER)
        assert (changed.status, changed.json["tags"]) == (200, ["edited"])
        assert admin.ask("DELETE", f"/{kind}/{record['id']}?force=true", headers=BROWSER).status == 204


def test_selectors_and_detail_pages(admin: Admin) -> None:
    service = admin.made("/services", {"name": "s", "host": "a.b"})
    route = admin.made("/services/s/routes", {"name": "r", "paths": ["/"]})
    consumer = admin.made("/consumers", {"username": "bob"})
    for kind in ("services", "routes", "consumers"):
        assert len(admin.ask("GET", f"/{kind}?size=1000", headers=BROWSER).json["data"]) == 1
    for path in (
        f"/services/{service['id']}/routes?size=30",
        f"/services/{service['id']}/plugins?size=30",
        f"/routes/{route['id']}/plugins?size=30",
        f"/consumers/{consumer['id']}/plugins?size=30",
    ):
        assert admin.ask("GET", path, headers=BROWSER).status == 200
    for nested, values in CREDENTIALS.items():
        path = f"/consumers/{consumer['id']}/{nested}"
        made = admin.ask("POST", path, values, headers=BROWSER)
        assert made.status == 201
        assert admin.ask("GET", f"{path}?size=30", headers=BROWSER).json["data"] == [made.json]
        assert admin.ask("PATCH", f"{path}/{made.json['id']}", {"tags": ["x"]}, headers=BROWSER).status == 200
        assert admin.ask("DELETE", f"{path}/{made.json['id']}", headers=BROWSER).status == 204
    certificate = admin.made("/certificates", {**pair(), "snis": ["a.test"]})
    snis = admin.ask("GET", f"/certificates/{certificate['id']}/snis", headers=BROWSER).json["data"]
    assert [each["name"] for each in snis] == ["a.test"]
    key_set = admin.made("/key-sets", {"name": "set"})
    assert admin.ask("GET", f"/key-sets/{key_set['id']}/keys", headers=BROWSER).json["data"] == []
    upstream = admin.made("/upstreams", {"name": "u.test"})
    target = admin.made(f"/upstreams/{upstream['id']}/targets", {"target": "a.b:1"})
    for what in ("targets", "health"):
        listed = admin.ask("GET", f"/upstreams/{upstream['id']}/{what}", headers=BROWSER).json["data"]
        assert [each["id"] for each in listed] == [target["id"]]


def test_plugin_forms(admin: Admin) -> None:
    for path in (
        "/schemas/plugins/key-auth", "/schemas/acls", "/schemas/keyauth_credentials", "/schemas/basicauth_credentials",
        "/schemas/hmacauth_credentials", "/schemas/jwt_secrets", "/schemas/oauth2_credentials", "/schemas/vaults/env",
    ):  # fmt: skip
        assert isinstance(admin.ask("GET", path, headers=BROWSER).json["fields"], list)
    fine = admin.ask("POST", "/schemas/plugins/validate", {"name": "key-auth", "enabled": True}, headers=BROWSER)
    assert fine.status == 200


def test_probes_may_find_nothing(admin: Admin) -> None:
    for probe in PROBES:
        answer = admin.ask("GET", f"/{probe}?size=1", headers=BROWSER)
        assert (answer.status, answer.json) == (404, {"message": "Not found"})


def test_errors_have_a_message_and_fields(admin: Admin) -> None:
    bad = admin.ask("POST", "/services", {"name": "a b"}, headers=BROWSER)
    assert bad.status == 400
    assert isinstance(bad.json["message"], str)
    assert set(bad.json["fields"]) == {"name", "host"}
