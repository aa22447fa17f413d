"""Credentials below their consumers and by themselves (admin-api.md 1.10)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from gwctl.kit.ids import is_uuid, new_uuid
from tests.integration.admin.conftest import Admin
from tests.integration.admin.encodings import ALL, ask_as

NOT_FOUND = {"message": "Not found"}

KINDS: list[tuple[str, str, str | None, dict[str, Any]]] = [
    ("key-auth", "key-auths", "key", {"key": "k1"}),
    ("basic-auth", "basic-auths", "username", {"username": "k1", "password": "p"}),
    ("hmac-auth", "hmac-auths", "username", {"username": "k1"}),
    ("jwt", "jwts", "key", {"key": "k1"}),
    ("acls", "acls", "group", {"group": "k1"}),
    ("oauth2", "oauth2", "client_id", {"client_id": "k1", "name": "app"}),
]


@pytest.mark.parametrize("encoding", ALL)
@pytest.mark.parametrize(("nested", "top", "key", "values"), KINDS, ids=[kind[0] for kind in KINDS])
def test_every_kind(admin: Admin, encoding: str, nested: str, top: str, key: str, values: dict[str, Any]) -> None:
    bob = admin.made("/consumers", {"username": "bob"})
    admin.made("/consumers", {"username": "alice"})
    path = f"/consumers/bob/{nested}"
    made = ask_as(admin, encoding, "POST", path, values)
    assert (made.status, made.json["consumer"], made.json[key]) == (201, {"id": bob["id"]}, "k1")
    assert "updated_at" not in made.json
    assert ask_as(admin, encoding, "POST", path, values).status == 409
    assert admin.ask("GET", path).json == {"data": [made.json], "next": None}
    assert admin.ask("GET", f"/{top}").json["data"] == [made.json]
    for name in (made.json["id"], "k1"):
        assert admin.ask("GET", f"{path}/{name}").json == made.json
        assert admin.ask("GET", f"/consumers/alice/{nested}/{name}").json == NOT_FOUND
    assert admin.ask("GET", f"/{top}/{made.json['id']}/consumer").json == bob
    tagged = ask_as(admin, encoding, "PATCH", f"{path}/k1", {"tags": ["t"]})
    assert (tagged.status, tagged.json["tags"]) == (200, ["t"])
    fresh = new_uuid()
    put = ask_as(admin, encoding, "PUT", f"{path}/{fresh}", {**values, key: "k2"})
    assert (put.status, put.json["id"], put.json["consumer"]) == (200, fresh, {"id": bob["id"]})
    for name in ("k1", fresh):
        assert admin.ask("DELETE", f"{path}/{name}").status == 204
        assert admin.ask("DELETE", f"{path}/{name}").json == NOT_FOUND
    assert admin.ask("GET", f"/consumers/nobody/{nested}").json == NOT_FOUND


def test_generated_secrets(admin: Admin) -> None:
    admin.made("/consumers", {"username": "bob"})
    key = admin.made("/consumers/bob/key-auth", {})
    assert len(key["key"]) == 32
    assert key["key"].isalnum()
    token = admin.made("/consumers/bob/jwt", {})
    assert (len(token["key"]), len(token["secret"]), token["algorithm"]) == (32, 32, "HS256")
    with_key = admin.ask("POST", "/consumers/bob/jwt", {"algorithm": "RS256"}).json
    assert with_key["fields"]["rsa_public_key"] == "required field missing"


def test_passwords_are_hashed_with_their_consumer(admin: Admin) -> None:
    bob = admin.made("/consumers", {"username": "bob"})
    made = admin.made("/consumers/bob/basic-auth", {"username": "u", "password": "secret"})

    def sha1(password: str) -> str:
        return hashlib.sha1(f"{password}{bob['id']}".encode()).hexdigest()

    assert made["password"] == sha1("secret")
    renamed = admin.ask("PATCH", f"/basic-auths/{made['id']}", {"username": "v"}).json
    assert renamed["password"] == sha1("secret")
    changed = admin.ask("PATCH", "/consumers/bob/basic-auth/v", {"password": "other"}).json
    assert changed["password"] == sha1("other")


def test_groups_by_name(admin: Admin) -> None:
    bob = admin.made("/consumers", {"username": "bob"})
    put = admin.ask("PUT", "/consumers/bob/acls/admins", {})
    assert (put.status, put.json["group"], put.json["consumer"]) == (200, "admins", {"id": bob["id"]})
    again = admin.ask("PUT", "/consumers/bob/acls/admins", {"tags": ["t"]}).json
    assert (again["id"], again["tags"]) == (put.json["id"], ["t"])
    clash = admin.ask("POST", "/consumers/bob/acls", {"group": "admins"})
    keys = f'{{consumer={{id="{bob["id"]}"}},group="admins"}}'
    assert (clash.status, clash.json["message"]) == (409, f"UNIQUE violation detected on '{keys}'")
    for method, values in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        assert admin.ask(method, "/consumers/bob/acls/nobody", values).json == NOT_FOUND
    wrong = admin.ask("GET", "/acls/admins")
    assert (wrong.status, wrong.json["code"], wrong.json["fields"]) == (400, 1, {"id": "expected a valid UUID"})


def test_tokens_of_oauth2(admin: Admin) -> None:
    admin.made("/consumers", {"username": "bob"})
    service = admin.made("/services", {"name": "s", "host": "a.b"})
    app = admin.made("/consumers/bob/oauth2", {"name": "app", "redirect_uris": ["http://a.test/"]})
    assert is_uuid(app["id"])
    path = f"/oauth2/{app['client_id']}/oauth2_tokens"
    token = admin.made(path, {"expires_in": 10, "service": {"id": service["id"]}})
    assert (token["credential"], len(token["access_token"]), token["token_type"]) == ({"id": app["id"]}, 32, "bearer")
    for where in (path, "/services/s/oauth2_tokens", "/oauth2_tokens"):
        for key in (token["id"], token["access_token"]):
            assert admin.ask("GET", f"{where}/{key}").json["id"] == token["id"]
    assert admin.ask("GET", f"/oauth2_tokens/{token['id']}/credential").json["id"] == app["id"]
    assert admin.ask("GET", f"/oauth2_tokens/{token['id']}/service").json == service
    assert admin.ask("DELETE", f"{path}/{token['access_token']}").status == 204
    bad = admin.ask("POST", "/consumers/bob/oauth2", {"name": "app", "redirect_uris": ["not a url"]}).json
    assert bad["fields"] == {"redirect_uris": ["cannot parse 'not a url'"]}


def test_keys_that_end(admin: Admin) -> None:
    admin.made("/consumers", {"username": "bob"})
    made = admin.made("/consumers/bob/key-auth", {"key": "k", "ttl": 100})
    assert made["ttl"] in (99, 100)
    assert 0 < admin.ask("GET", "/key-auths/k").json["ttl"] <= 100
    for bad in (-1, 100000001, "soon", 1.5):
        answer = admin.ask("POST", "/consumers/bob/key-auth", {"ttl": bad})
        assert (answer.status, answer.json["code"], answer.json["message"]) == (
            400, 11, "invalid option (ttl: must be an integer between 0 and 100000000)",
        )  # fmt: skip
    without = admin.ask("POST", "/consumers", {"username": "x", "ttl": 5})
    assert without.json["fields"] == {"ttl": "unknown field"}
