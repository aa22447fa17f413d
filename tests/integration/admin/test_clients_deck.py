"""Requests as decK sends them, a case for every row of admin-api.md 4.1."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from gwctl.kit.ids import new_uuid
from tests.integration.admin.conftest import Admin
from tests.integration.admin.pems import authority, pair

AGENT = {"User-Agent": "decK/1.40.2", "Kong-Admin-Token": "unused"}
KINDS = (
    "services", "routes", "plugins", "certificates", "ca_certificates", "snis", "upstreams", "vaults", "keys",
    "key-sets", "consumers", "key-auths", "hmac-auths", "jwts", "basic-auths", "oauth2", "acls",
)  # fmt: skip
UNKNOWN_KINDS = ("partials", "consumer_groups", "mtls-auths", "licenses", "rbac/roles")
VALIDATED: list[tuple[str, dict[str, Any]]] = [
    ("services", {"host": "a.b"}),
    ("routes", {"paths": ["/"]}),
    ("consumers", {"username": "u"}),
    ("upstreams", {"name": "u.test"}),
    ("targets", {"target": "a.b:1", "upstream": {"id": new_uuid()}}),
    ("acls", {"group": "g", "consumer": {"id": new_uuid()}}),
    ("basicauth_credentials", {"username": "u", "password": "p", "consumer": {"id": new_uuid()}}),
    ("hmacauth_credentials", {"username": "u", "consumer": {"id": new_uuid()}}),
    ("keyauth_credentials", {"key": "k", "consumer": {"id": new_uuid()}}),
    ("jwt_secrets", {"key": "k", "consumer": {"id": new_uuid()}}),
    ("oauth2_credentials", {"name": "a", "consumer": {"id": new_uuid()}}),
    ("plugins", {"name": "cors"}),
    ("certificates", pair()),
]


def everything() -> dict[str, tuple[str, dict[str, Any]]]:
    """What a sync puts, in decK's order: name → (path with the id, body)."""
    ids = {
        name: new_uuid()
        for name in (
            "certificate",
            "ca",
            "consumer",
            "vault",
            "set",
            "sni",
            "service",
            "upstream",
            "key",
            "key-auth",
            "hmac-auth",
            "jwt",
            "basic-auth",
            "oauth2",
            "acls",
            "route",
            "plugin",
        )
    }
    consumer = f"/consumers/{ids['consumer']}"
    tags = {"tags": ["managed"]}
    return {
        "certificate": (f"/certificates/{ids['certificate']}", {**pair(), **tags}),
        "ca": (f"/ca_certificates/{ids['ca']}", {"cert": authority(), **tags}),
        "consumer": (consumer, {"username": "bob", "custom_id": "c1", **tags}),
        "vault": (f"/vaults/{ids['vault']}", {"name": "env", "prefix": "my-env", "config": {"prefix": "A_"}}),
        "set": (f"/key-sets/{ids['set']}", {"name": "set"}),
        "sni": (f"/snis/{ids['sni']}", {"name": "a.test", "certificate": {"id": ids["certificate"]}}),
        "service": (f"/services/{ids['service']}", {"name": "svc", "host": "up.test", **tags}),
        "upstream": (f"/upstreams/{ids['upstream']}", {"name": "up.test", **tags}),
        "key": (f"/keys/{ids['key']}", {"kid": "k", "set": {"id": ids["set"]}, "pem": {"private_key": pair()["key"]}}),
        "key-auth": (f"{consumer}/key-auth/{ids['key-auth']}", {"key": "secret"}),
        "hmac-auth": (f"{consumer}/hmac-auth/{ids['hmac-auth']}", {"username": "h", "secret": "s"}),
        "jwt": (f"{consumer}/jwt/{ids['jwt']}", {"key": "j", "secret": "s"}),
        "basic-auth": (f"{consumer}/basic-auth/{ids['basic-auth']}", {"username": "b", "password": "p"}),
        "oauth2": (f"{consumer}/oauth2/{ids['oauth2']}", {"name": "app", "client_id": "o", "client_secret": "s"}),
        "acls": (f"{consumer}/acls/{ids['acls']}", {"group": "g"}),
        "route": (f"/routes/{ids['route']}", {"name": "r", "paths": ["/"], "service": {"id": ids["service"]}, **tags}),
        "plugin": (
            f"/plugins/{ids['plugin']}",
            {"name": "rate-limiting", "service": {"id": ids["service"]}, "config": {"minute": 5}, **tags},
        ),
    }


def test_any_command_asks_for_the_version(admin: Admin) -> None:
    root = admin.ask("GET", "/", headers=AGENT)
    major, minor = root.json["version"].split(".")[:2]
    assert (root.status, major, minor.isdigit()) == (200, "3", True)
    assert isinstance(root.json["configuration"]["database"], str)
    for method, path in (
        ("GET", "/w/workspaces/w"),
        ("GET", "/w/kong"),
        ("POST", "/workspaces"),
        ("GET", "/w/services"),
    ):
        assert admin.ask(method, path, {"name": "w"} if method == "POST" else None, headers=AGENT).status == 404


def test_reading_everything(admin: Admin) -> None:
    for path, body in everything().values():
        assert admin.ask("PUT", path, body).status == 200
    target = admin.made("/upstreams/up.test/targets", {"target": "a.b:1", "tags": ["managed"]})
    for kind in KINDS:
        page = admin.ask("GET", f"/{kind}?size=1000", headers=AGENT)
        assert (page.status, len(page.json["data"])) == (200, 1), kind
        assert "offset" not in page.json
    upstream = target["upstream"]["id"]
    listed = admin.ask("GET", f"/upstreams/{upstream}/targets?size=1000&tags=managed").json["data"]
    assert listed == [target]
    for kind in UNKNOWN_KINDS:
        assert admin.ask("GET", f"/{kind}?size=1000").status == 404
    assert admin.ask("GET", "/filter-chains?size=1000").status == 400
    certificate = admin.ask("GET", "/certificates?size=1000").json["data"][0]
    assert certificate["snis"] == ["a.test"]
    for number in range(3):
        admin.made("/consumers", {"username": f"u{number}", "tags": ["a", "b"]})
    selected = admin.ask("GET", "/consumers?size=2&tags=a%2Cb").json
    rest = admin.ask("GET", f"/consumers?size=2&tags=a%2Cb&offset={quote(selected['offset'], safe='')}").json
    assert (len(selected["data"]), len(rest["data"]), "offset" in rest) == (2, 1, False)


def defaults(field_list: list[dict[str, Any]], *, nulls: bool = False) -> dict[str, Any]:
    """As decK reads them: recursively through records, where what has no default is null."""
    found: dict[str, Any] = {}
    for entry in field_list:
        for name, field in entry.items():
            if field["type"] == "record" and isinstance(field.get("fields"), list):
                found[name] = defaults(field["fields"], nulls=True)
            elif nulls or "default" in field:
                found[name] = field.get("default")
    return found


def test_defaults_come_from_the_schemas(admin: Admin) -> None:
    for kind, body in (
        ("services", {"host": "a.b"}),
        ("routes", {"paths": ["/"]}),
        ("upstreams", {"name": "up.test"}),
    ):
        schema = admin.ask("GET", f"/schemas/{kind}", headers=AGENT).json
        stored = admin.made(f"/{kind}", body)
        for name, value in defaults(schema["fields"]).items():
            assert stored[name] == value, (kind, name)
    assert defaults(admin.ask("GET", "/schemas/targets").json["fields"])["weight"] == 100


def test_the_configuration_of_a_plugin_is_filled_from_its_schema(admin: Admin) -> None:
    schema = admin.ask("GET", "/schemas/plugins/rate-limiting", headers=AGENT).json
    by_name = {name: field for entry in schema["fields"] for name, field in entry.items()}
    assert by_name["protocols"]["default"] == ["grpc", "grpcs", "http", "https"]
    filled = defaults(by_name["config"]["fields"])
    stored = admin.made("/plugins", {"name": "rate-limiting", "config": {"minute": 5}})["config"]
    assert {name: stored[name] for name in filled} == filled
    for entry in by_name["config"]["shorthand_fields"]:
        for name, field in entry.items():
            paths = [each["path"] for each in field["deprecation"]["replaced_with"]]
            assert all(isinstance(part, str) for path in paths for part in path)
            if "translate_backwards" in field:
                assert name in stored
    vault = admin.ask("GET", "/schemas/vaults/env", headers=AGENT).json
    assert any("config" in entry for entry in vault["fields"])


def test_a_sync_creates_updates_and_deletes(admin: Admin) -> None:
    """PUT creates and updates, targets are put and then posted, a deletion runs in reverse."""
    entities = everything()
    for _ in range(2):
        for name, (path, body) in entities.items():
            answer = admin.ask("PUT", path, body, headers=AGENT)
            assert (answer.status, answer.json["id"]) == (200, path.rsplit("/", 1)[1]), (name, answer.json)
            assert isinstance(answer.json["created_at"], int)
    targets = entities["upstream"][0] + "/targets"
    target = {"id": new_uuid(), "target": "a.b:80", "weight": 5}
    assert admin.ask("PUT", f"{targets}/{target['id']}", target, headers=AGENT).status == 404
    posted = admin.ask("POST", targets, target, headers=AGENT)
    assert (posted.status, posted.json["id"], isinstance(posted.json["created_at"], float)) == (201, target["id"], True)
    changed = admin.ask("PUT", f"{targets}/{target['id']}", {**target, "weight": 6}, headers=AGENT)
    assert (changed.status, changed.json["weight"]) == (200, 6)
    assert admin.ask("DELETE", f"{targets}/{target['id']}", headers=AGENT).status == 204
    assert admin.ask("DELETE", f"{targets}/{target['id']}", headers=AGENT).status == 404
    for path, _ in reversed(entities.values()):
        assert admin.ask("DELETE", path, headers=AGENT).status == 204, path
    for path in (f"/services/{new_uuid()}", f"/consumers/{new_uuid()}"):
        assert admin.ask("DELETE", path, headers=AGENT).status == 204


@pytest.mark.parametrize(("kind", "body"), VALIDATED, ids=[kind for kind, _ in VALIDATED])
def test_validate_online(admin: Admin, kind: str, body: dict[str, Any]) -> None:
    fine = admin.ask("POST", f"/schemas/{kind}/validate", body, headers=AGENT)
    assert fine.status == 200, fine.json
    bad = admin.ask("POST", f"/schemas/{kind}/validate", {**body, "tags": "no list"}, headers=AGENT)
    assert (bad.status, "tags: expected a set" in bad.json["message"]) == (400, True)


def test_lookups_by_name(admin: Admin) -> None:
    made = {
        "/services/svc": admin.made("/services", {"name": "svc", "host": "a.b"}),
        "/routes/r": admin.made("/routes", {"name": "r", "paths": ["/"]}),
        "/consumers/bob": admin.made("/consumers", {"username": "bob", "custom_id": "c1"}),
    }
    for path, record in made.items():
        assert admin.ask("GET", path, headers=AGENT).json == record
        assert admin.ask("GET", path + "x", headers=AGENT).json == {"message": "Not found"}
    found = admin.ask("GET", "/consumers?custom_id=c1", headers=AGENT).json
    assert found["data"] == [made["/consumers/bob"]]
    certificate = admin.made("/certificates", pair())
    assert admin.ask("GET", f"/certificates/{certificate['id']}", headers=AGENT).json == certificate


def test_what_is_written_is_not_a_difference(admin: Admin) -> None:
    """A diff compares the file, with defaults, to what the API returns."""
    for path, body in everything().values():
        answer = admin.ask("PUT", path, body).json
        for name, value in body.items():
            if name not in ("password", "certificate", "set", "service", "pem", "config"):
                assert answer[name] == value, (path, name)
        again = admin.ask("GET", path).json
        assert {k: v for k, v in again.items() if k != "ttl"} == {k: v for k, v in answer.items() if k != "ttl"}
