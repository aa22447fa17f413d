"""Upstreams (acceptance list 07-upstreams_routes)."""

from __future__ import annotations

from typing import Any

import pytest

from gwctl.kit.ids import new_uuid
from tests.integration.admin.conftest import Admin
from tests.integration.admin.encodings import ALL, ask_as

FALLBACKS = "expected one of: none, ip, header, cookie, path, query_arg, uri_capture"
HASHES = "expected one of: none, consumer, ip, header, cookie, path, query_arg, uri_capture"
ON_HASH = "failed conditional validation given value of field 'hash_on'"
ON_FALLBACK = "failed conditional validation given value of field 'hash_fallback'"
HEADERS = "values of these fields must be distinct: 'hash_on_header', 'hash_fallback_header'"
COOKIE = (
    "contains one or more invalid characters. ASCII control characters (0-31;127), space, tab and the characters "
    '()<>@,;:\\"/?={}[] are not allowed.'
)


@pytest.mark.parametrize("encoding", ALL)
def test_create(admin: Admin, encoding: str) -> None:
    plain = ask_as(admin, encoding, "POST", "/upstreams", {"name": "u0"})
    assert plain.status == 201
    expected: dict[str, Any] = {
        "slots": 10000, "hash_on": "none", "hash_fallback": "none", "hash_on_header": None,
        "hash_fallback_header": None, "hash_on_cookie": None, "hash_on_cookie_path": "/",
    }  # fmt: skip
    assert {name: plain.json[name] for name in expected} == expected
    hashing = {"hash_on": "consumer", "hash_fallback": "ip", "hash_on_header": "HeaderName"}
    for number, values in enumerate(
        (
            {"slots": 10},
            {"slots": 65536},
            hashing,
            {"hash_on": "cookie", "hash_on_cookie": "CookieName1", "hash_on_cookie_path": "/foo"},
            {"hash_on": "header", "hash_fallback": "header", "hash_on_header": "A", "hash_fallback_header": "B"},
            {"host_header": "example.test"},
        ),
        1,
    ):
        answer = ask_as(admin, encoding, "POST", "/upstreams", {"name": f"u{number}", **values})
        assert answer.status == 201, answer.data
        assert answer.json.items() >= values.items()


BAD: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"slots": 50}, {"name": "required field missing"}),
    ({"name": "some invalid host name"}, {"name": "Invalid name ('some invalid host name'); must be a valid hostname"}),
    ({"slots": 65537}, {"slots": "value should be between 10 and 65536"}),
    ({"slots": 5}, {"slots": "value should be between 10 and 65536"}),
    ({"hash_on": "nope"}, {"hash_on": HASHES}),
    ({"hash_on": "consumer", "hash_fallback": "nope"}, {"@entity": [ON_HASH], "hash_fallback": FALLBACKS}),
    ({"hash_on": "consumer", "hash_fallback": "consumer"}, {"@entity": [ON_HASH], "hash_fallback": FALLBACKS}),
    (
        {"hash_on": "header", "hash_on_header": "not a <> valid <> header name"},
        {"hash_on_header": "bad header name 'not a <> valid <> header name', allowed characters are A-Z, a-z, 0-9, "
         "'_', and '-'"},
    ),
    ({"hash_on": "cookie", "hash_on_cookie": "not a <> valid"}, {"hash_on_cookie": COOKIE}),
    (
        {"hash_on": "header", "hash_fallback": "header", "hash_on_header": "same", "hash_fallback_header": "same"},
        {"@entity": [HEADERS]},
    ),
    (
        {"hash_on": "cookie", "hash_on_cookie": "a", "hash_fallback": "ip"},
        {"@entity": [ON_HASH], "hash_fallback": "expected one of: none"},
    ),
    ({"hash_on": "header"}, {"@entity": [ON_HASH], "hash_on_header": "required field missing"}),
    (
        {"hash_on": "consumer", "hash_fallback": "header"},
        {"@entity": [ON_FALLBACK], "hash_fallback_header": "required field missing"},
    ),
    ({"hash_on": "cookie", "hash_on_cookie": "a", "hash_on_cookie_path": "not a path"},
     {"hash_on_cookie_path": "should start with: /"}),
]  # fmt: skip


@pytest.mark.parametrize("encoding", ALL)
def test_mistakes(admin: Admin, encoding: str) -> None:
    for values, fields in BAD:
        given = values if "slots" in values and values["slots"] == 50 else {"name": "u", **values}
        answer = ask_as(admin, encoding, "POST", "/upstreams", given)
        assert answer.status == 400
        assert answer.json["fields"].items() >= fields.items(), (values, answer.json)
    for data in (b'{"name": "a"', b'{"hash_on": "consumer", "h'):
        bad = admin.ask("POST", "/upstreams", data=data, headers={"Content-Type": "application/json"})
        assert (bad.status, bad.json) == (400, {"message": "Cannot parse JSON body"})


@pytest.mark.parametrize("encoding", ALL)
def test_names_are_unique(admin: Admin, encoding: str) -> None:
    admin.made("/upstreams", {"name": "u"})
    answer = ask_as(admin, encoding, "POST", "/upstreams", {"name": "u"})
    assert (answer.status, answer.json["fields"], answer.json["name"]) == (
        409, {"name": "u"}, "unique constraint violation",
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ALL)
def test_put(admin: Admin, encoding: str) -> None:
    named = ask_as(admin, encoding, "PUT", "/upstreams/fresh", {"slots": 10, "created_at": 1461276890})
    assert (named.status, named.json["name"], named.json["created_at"]) == (200, "fresh", 1461276890)
    key = new_uuid()
    assert ask_as(admin, encoding, "PUT", f"/upstreams/{key}", {"name": "one"}).json["slots"] == 10000
    replaced = ask_as(admin, encoding, "PUT", f"/upstreams/{key}", {"name": "two", "slots": 123}).json
    assert (replaced["id"], replaced["name"], replaced["slots"]) == (key, "two", 123)
    empty = ask_as(admin, encoding, "PUT", f"/upstreams/{key}", {})
    assert (empty.status, empty.json["message"]) == (400, "schema violation (name: required field missing)")
    address = ask_as(admin, encoding, "PUT", "/upstreams/1.2.3.4", {})
    assert (address.status, address.json) == (
        400,
        {"code": 10, "name": "invalid unique name", "message": "Invalid name ('1.2.3.4'); no ip addresses allowed"},
    )


def test_lists(admin: Admin) -> None:
    assert admin.ask("GET", "/upstreams").data == b'{"data":[],"next":null}'
    for number in range(10):
        admin.made("/upstreams", {"name": f"u{number}"})
    sizes, path = [], "/upstreams?size=3&foo=bar"
    while path:
        page = admin.ask("GET", path, data=b"not json", headers={"Content-Type": "application/json"}).json
        sizes.append(len(page["data"]))
        path = page["next"]
    assert sizes == [3, 3, 3, 1]
    tags = admin.ask("GET", "/upstreams?tags=")
    assert (tags.status, tags.json["options"]) == (400, {"tags": "cannot be null"})


def test_delete(admin: Admin) -> None:
    for key in ("id", "name"):
        for targets in (False, True):
            upstream = admin.made("/upstreams", {"name": "u"})
            if targets:
                admin.made("/upstreams/u/targets", {"target": "a.b:1"})
            else:
                target = admin.made("/upstreams/u/targets", {"target": "a.b:1"})
                assert admin.ask("DELETE", f"/upstreams/u/targets/{target['id']}").status == 204
            assert admin.ask("DELETE", f"/upstreams/{upstream[key]}").status == 204
            assert admin.ask("GET", "/upstreams/u").status == 404
    assert admin.ask("DELETE", "/upstreams").status == 405
