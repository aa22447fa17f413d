"""Tags, vaults, keys and workspaces (acceptance lists 14-tags, 19-vaults, 20-timers)."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from gwctl.kit.ids import new_uuid
from tests.integration.admin.conftest import Admin
from tests.integration.admin.pems import pair

NOT_FOUND = {"message": "Not found"}
SYNTAX = "invalid option (tags: invalid filter syntax)"


def test_the_filter_of_lists(admin: Admin) -> None:
    service = admin.made("/services", {"name": "s", "host": "a.b", "tags": ["corp_ a", "🦍"]})
    other = admin.made("/services", {"name": "o", "host": "a.b", "tags": ["corp_ a"]})
    admin.made("/services/s/routes", {"paths": ["/"], "tags": ["none"]})

    def found(tags: str) -> set[str]:
        return {each["id"] for each in admin.ask("GET", f"/services?tags={tags}").json["data"]}

    both = {service["id"], other["id"]}
    assert found("corp_%20a") == both
    assert found(quote("🦍")) == {service["id"]}
    assert found("''") == set()
    assert found(f"corp_%20a,{quote('🦍')}") == {service["id"]}
    assert found(f"corp_%20a/{quote('🦍')}") == both
    assert len(admin.ask("GET", "/services/s/routes?tags=other").json["data"]) == 1
    for bad, text in (
        ("", "invalid option (tags: cannot be null)"),
        ("a,b/c", SYNTAX),
        ("a/b,c", SYNTAX),
        ("%FF", SYNTAX),
        ("1,2,3,4,5,6", "invalid option (tags: cannot query more than 5 tags)"),
    ):
        answer = admin.ask("GET", f"/services?tags={bad}")
        assert (answer.status, answer.json["message"], answer.json["code"]) == (400, text, 11)
    page = admin.ask("GET", "/services?tags=corp_%20a&size=1").json
    assert "tags=corp_%20a" in page["next"]
    assert len(admin.ask("GET", page["next"]).json["data"]) == 1


def test_the_tags_themselves(admin: Admin) -> None:
    for number in range(2):
        admin.made("/consumers", {"username": f"u{number}", "tags": ["corp_ a", f"u{number}"]})
    assert len(admin.ask("GET", "/tags").json["data"]) == 4
    assert len(admin.ask("GET", "/tags?tags=u0").json["data"]) == 4
    for query in ("", "?tags=u0"):
        rows = admin.ask("GET", f"/tags/corp_%20a{query}").json["data"]
        assert [(row["entity_name"], row["tag"]) for row in rows] == [("consumers", "corp_ a")] * 2
    assert b'"data":[]' in admin.ask("GET", "/tags/nobody").data
    bad = admin.ask("GET", "/tags/%FF")
    assert bad.status == 400
    assert "invalid utf-8" in bad.json["message"]


def test_vaults(admin: Admin) -> None:
    for number in range(1, 4):
        made = admin.ask("PUT", f"/vaults/env-{number}", {"name": "env"})
        assert (made.status, made.json["prefix"]) == (200, f"env-{number}")
    assert len(admin.ask("GET", "/vaults").json["data"]) == 3
    for method in ("DELETE", "PATCH"):
        assert admin.ask(method, "/vaults", {}).status == 405
    one = admin.ask("GET", "/vaults/env-1").json
    assert admin.ask("GET", f"/vaults/{one['id']}").json == one
    path = f"/vaults/{one['id']}"
    bare = admin.ask("PUT", path, {"name": "env"})
    assert (bare.status, bare.json["message"]) == (400, "schema violation (prefix: required field missing)")
    for prefix in ("secrets_", "secrets-"):
        put = admin.ask("PUT", path, {"name": "env", "prefix": "env-1", "config": {"prefix": prefix}})
        assert (put.status, put.json["config"]["prefix"]) == (200, prefix)
    reserved = admin.ask("PUT", path, {"name": "env", "prefix": "env"})
    assert reserved.json["message"] == "schema violation (prefix: must not be one of: env)"
    by_url = admin.ask("PUT", "/vaults/env", {"name": "env"})
    assert (by_url.status, by_url.json) == (
        400, {"code": 10, "name": "invalid unique prefix", "message": "must not be one of: env"},
    )  # fmt: skip
    for key in (one["id"], "env-1"):
        merged = admin.ask("PATCH", f"/vaults/{key}", {"config": {"prefix": "x_y"}}).json
        assert (merged["config"]["prefix"], merged["name"]) == ("x_y", "env")
    assert admin.ask("PATCH", "/vaults/env-1", {"prefix": "env"}).json["fields"] == {
        "prefix": "must not be one of: env"
    }
    unknown = admin.ask("POST", "/vaults", {"name": "nope", "prefix": "ab"}).json
    assert unknown["fields"] == {"name": "vault 'nope' is not installed"}
    for key in (new_uuid(), "nobody"):
        assert admin.ask("GET", f"/vaults/{key}").json == NOT_FOUND
        assert admin.ask("PATCH", f"/vaults/{key}", {"description": "x"}).status == 404
    for key in (one["id"], "env-2", new_uuid(), "nobody"):
        assert admin.ask("DELETE", f"/vaults/{key}").status == 204
    assert [each["prefix"] for each in admin.ask("GET", "/vaults").json["data"]] == ["env-3"]


def jwk(kid: str) -> str:
    numbers = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()

    def text(number: int) -> str:
        return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()

    return json.dumps({"kty": "EC", "crv": "P-256", "kid": kid, "x": text(numbers.x), "y": text(numbers.y)})


def test_keys_and_their_sets(admin: Admin) -> None:
    sets = [admin.made("/key-sets", {"name": name})["id"] for name in ("one", "two")]
    private = pair("rsa")["key"]
    for number, (values, key_set) in enumerate(
        (
            ({"jwk": jwk("k0")}, {"id": sets[0]}),
            ({"jwk": jwk("k1")}, None),
            ({"pem": {"private_key": private}}, {"id": sets[0]}),
            ({"pem": {"private_key": private}}, {"id": sets[1]}),
        )
    ):
        given: dict[str, Any] = {"name": f"n{number}", "kid": f"k{number}", "set": key_set, **values}
        made = admin.made("/keys", given)
        assert (made["set"], made["kid"]) == (key_set, f"k{number}")
    bad = admin.ask("POST", "/keys", {"kid": "36", "jwk": '{"kid":"36"}'})
    assert (bad.status, bad.json["message"]) == (400, "schema violation (could not load JWK, likely not a valid key)")
    assert len(admin.ask("GET", "/keys").json["data"]) == 4
    assert len(admin.ask("GET", "/key-sets").json["data"]) == 2
    assert sorted(each["name"] for each in admin.ask("GET", "/key-sets/one/keys").json["data"]) == ["n0", "n2"]
    assert admin.ask("PATCH", "/keys/n0", {"name": "changed"}).json["name"] == "changed"
    assert admin.ask("PATCH", "/key-sets/one", {"name": "changed"}).json["id"] == sets[0]
    assert admin.ask("GET", "/keys/changed/set").json["name"] == "changed"
    assert admin.ask("POST", "/key-sets/two/keys", {"kid": "k9", "jwk": jwk("k9")}).json["set"] == {"id": sets[1]}
    assert admin.ask("DELETE", "/key-sets/changed").status == 204
    assert sorted(each["kid"] for each in admin.ask("GET", "/keys").json["data"]) == ["k1", "k3", "k9"]


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_there_is_no_api_of_workspaces(admin: Admin, method: str) -> None:
    path = "/workspaces" if method == "POST" else "/workspaces/default"
    answer = admin.ask(method, path, {"name": "w"} if method == "POST" else None)
    assert (answer.status, answer.json) == (404, NOT_FOUND)


def test_large_numbers_stay_exact(admin: Admin) -> None:
    made = admin.ask("POST", "/routes", {"name": "r", "paths": ["/"], "regex_priority": 9007199254740992})
    assert b'"regex_priority":9007199254740992' in made.data
    assert b'"regex_priority":9007199254740992' in admin.ask("GET", "/routes/r").data
    odd = admin.ask("PATCH", "/routes/r", {"regex_priority": 9007199254740991})
    assert b'"regex_priority":9007199254740991' in odd.data
