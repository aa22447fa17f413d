"""Consumers and the plugins below them (acceptance list 03-consumers_routes)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from gwctl.kit.ids import is_uuid, new_uuid
from tests.integration.admin.conftest import Admin
from tests.integration.admin.encodings import ALL, MULTIPART_TYPE, ask_as

NOT_FOUND = {"message": "Not found"}
NEITHER = "at least one of these fields must be non-empty: 'custom_id', 'username'"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("encoding", ALL)
def test_create(admin: Admin, encoding: str) -> None:
    answer = ask_as(admin, encoding, "POST", "/consumers", {"username": "bob the builder", "custom_id": "7"})
    assert answer.status == 201
    body = answer.json
    assert is_uuid(body["id"])
    assert isinstance(body["created_at"], int)
    assert (body["username"], body["custom_id"]) == ("bob the builder", "7")


@pytest.mark.parametrize("encoding", ALL)
def test_nothing_is_no_consumer(admin: Admin, encoding: str) -> None:
    expected = {
        "code": 2,
        "name": "schema violation",
        "message": f"schema violation ({NEITHER})",
        "fields": {"@entity": [NEITHER]},
    }
    for method, path in (("POST", "/consumers"), ("PUT", f"/consumers/{new_uuid()}")):
        answer = ask_as(admin, encoding, method, path, {})
        assert (answer.status, answer.json) == (400, expected)


@pytest.mark.parametrize("encoding", ALL)
def test_names_are_unique(admin: Admin, encoding: str) -> None:
    admin.made("/consumers", {"username": "bob", "custom_id": "7"})
    for field, value in (("username", "bob"), ("custom_id", "7")):
        answer = ask_as(admin, encoding, "POST", "/consumers", {field: value})
        assert (answer.status, answer.json) == (
            409,
            {
                "code": 5,
                "name": "unique constraint violation",
                "message": f"UNIQUE violation detected on '{{{field}=\"{value}\"}}'",
                "fields": {field: value},
            },
        )


def test_content_types(admin: Admin) -> None:
    admin.made("/consumers", {"username": "bob"})
    for method, path in (("POST", "/consumers"), ("PATCH", "/consumers/bob")):
        for headers, data, status, text in (
            ({"Content-Type": "application/x-what"}, b"x", 415, None),
            ({"Content-Type": "application/x-what"}, None, 415, None),
            ({}, b"{}", 415, None),
            ({"Content-Type": "application/json"}, None, 400, "Cannot parse JSON body"),
            ({"Content-Type": "application/json"}, b'{"username": 1', 400, "Cannot parse JSON body"),
        ):
            answer = admin.ask(method, path, data=data, headers=headers)
            assert answer.status == status, (method, headers, data)
            assert answer.data == b"" if text is None else answer.json == {"message": text}
    for headers in ({"Content-Type": FORM}, {"Content-Type": MULTIPART_TYPE}, {}):
        answer = admin.ask("POST", "/consumers", data=b"", headers=headers)
        assert (answer.status, answer.json["message"]) == (400, f"schema violation ({NEITHER})")
        patched = admin.ask("PATCH", "/consumers/bob", data=b"", headers=headers)
        assert patched.status == 200


def test_pages(admin: Admin) -> None:
    for number in range(10):
        admin.made("/consumers", {"username": f"u{number}"})
    assert len(admin.ask("GET", "/consumers").json["data"]) == 10
    sizes, seen, offset = [], set(), ""
    while True:
        page = admin.ask("GET", f"/consumers?size=3{offset and '&offset=' + quote(offset, safe='')}").json
        sizes.append(len(page["data"]))
        seen |= {each["id"] for each in page["data"]}
        if "offset" not in page:
            break
        offset = page["offset"]
    assert (sizes, len(seen), page["next"]) == ([3, 3, 3, 1], 10, None)


def test_filters(admin: Admin) -> None:
    looks_like_an_id = new_uuid()
    one = admin.made("/consumers", {"username": "a", "custom_id": looks_like_an_id})
    admin.made("/consumers", {"username": "b", "custom_id": "b"})
    for bad in ("?custom_id=", "?custom_id", "?custom_id=a&custom_id=b"):
        answer = admin.ask("GET", f"/consumers{bad}")
        assert (answer.status, answer.json) == (400, {"message": "custom_id must be an unempty string"})
    assert admin.ask("GET", f"/consumers?custom_id={looks_like_an_id}").json == {"data": [one], "next": None}
    assert b'"data":[]' in admin.ask("GET", "/consumers?custom_id=nobody").data
    tags = admin.ask("GET", "/consumers?tags=")
    assert (tags.status, tags.json["message"]) == (400, "invalid option (tags: cannot be null)")
    assert admin.ask("GET", "/consumers/b").json["custom_id"] == "b"


def test_the_collection_takes_no_changes(admin: Admin) -> None:
    for method in ("DELETE", "PATCH", "PUT"):
        assert admin.ask(method, "/consumers", {}).status == 405


def test_get(admin: Admin) -> None:
    one = admin.made("/consumers", {"username": "円 and space"})
    plain = admin.made("/consumers", {"username": "bob"})
    for key in (one["id"], one["id"].upper(), quote("円 and space")):
        assert admin.ask("GET", f"/consumers/{key}").json == one
    raw = admin.served.connect()
    with raw:
        raw.sendall("GET /consumers/円%20and%20space HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        received = b"".join(iter(lambda: raw.recv(65536), b""))
    assert received.startswith(b"HTTP/1.1 200")
    assert admin.ask("GET", "/consumers/bob").json == plain
    for key in ("nobody", new_uuid()):
        answer = admin.ask("GET", f"/consumers/{key}")
        assert (answer.status, answer.json) == (404, NOT_FOUND)


@pytest.mark.parametrize("encoding", ALL)
def test_patch(admin: Admin, encoding: str) -> None:
    key = new_uuid()
    admin.ask("PUT", f"/consumers/{key}", {"username": "bob", "custom_id": "1"})
    before = admin.ask("GET", f"/consumers/{key}").json
    changed = ask_as(admin, encoding, "PATCH", f"/consumers/{key}", {"username": "alice"})
    assert (changed.status, changed.json["username"], changed.json["custom_id"]) == (200, "alice", "1")
    assert changed.json["updated_at"] >= before["updated_at"]
    assert changed.json["created_at"] == before["created_at"]
    same = ask_as(admin, encoding, "PATCH", "/consumers/alice", {"username": "alice", "custom_id": "1"})
    assert same.status == 200
    missing = ask_as(admin, encoding, "PATCH", "/consumers/nobody", {"username": "x"})
    assert (missing.status, missing.json["code"]) == (404, 6)


@pytest.mark.parametrize("encoding", ALL)
def test_put(admin: Admin, encoding: str) -> None:
    key = new_uuid()
    created = ask_as(admin, encoding, "PUT", f"/consumers/{key}", {"username": "bob", "custom_id": "1"})
    assert (created.status, created.json["id"]) == (200, key)
    by_name = ask_as(admin, encoding, "PUT", "/consumers/carol", {})
    assert (by_name.status, by_name.json["username"], by_name.json["custom_id"]) == (200, "carol", None)
    replaced = ask_as(admin, encoding, "PUT", "/consumers/bob", {"tags": ["t"]})
    assert (replaced.json["id"], replaced.json["custom_id"], replaced.json["tags"]) == (key, None, ["t"])
    renamed = ask_as(admin, encoding, "PUT", f"/consumers/{key}", {"username": "bobby"})
    assert (renamed.json["id"], renamed.json["username"]) == (key, "bobby")
    bad = admin.ask("PUT", "/consumers/bobby", data=b"{", headers={"Content-Type": "application/json"})
    assert (bad.status, bad.json) == (400, {"message": "Cannot parse JSON body"})


def test_delete(admin: Admin) -> None:
    by_id = admin.made("/consumers", {"username": "a"})["id"]
    admin.made("/consumers", {"username": "b"})
    for key in (by_id, "b", new_uuid(), "nobody"):
        answer = admin.ask("DELETE", f"/consumers/{key}")
        assert (answer.status, answer.data) == (204, b"")
    assert admin.ask("GET", "/consumers").json["data"] == []


def unique_clash(consumer: dict[str, Any], name: str) -> dict[str, Any]:
    keys = f'{{consumer={{id="{consumer["id"]}"}},name="{name}",route=null,service=null}}'
    return {
        "code": 5,
        "name": "unique constraint violation",
        "message": f"UNIQUE violation detected on '{keys}'",
        "fields": {"name": name, "consumer": {"id": consumer["id"]}, "route": None, "service": None},
    }


def test_plugins_of_a_consumer(admin: Admin) -> None:
    consumer = admin.made("/consumers", {"username": "bob"})
    for key in (consumer["id"], "bob"):
        path = f"/consumers/{key}/plugins"
        empty = admin.ask("POST", path, {})
        assert (empty.status, empty.json["message"]) == (400, "schema violation (name: required field missing)")
        made = admin.ask("POST", path, form="name=rate-limiting&config.minute=5&config.limit_by=ip")
        assert (made.status, made.json["consumer"]) == (201, {"id": consumer["id"]})
        assert (made.json["config"]["minute"], made.json["config"]["limit_by"]) == (5, "ip")
        again = admin.ask("POST", path, {"name": "rate-limiting", "config": {"minute": 5}})
        assert (again.status, again.json) == (409, unique_clash(consumer, "rate-limiting"))
        listed = admin.ask("GET", path, data=b"\x00garbage", headers={"Content-Type": "application/json"})
        assert listed.json == {"data": [made.json], "next": None}
        assert admin.ask("DELETE", f"{path}/{made.json['id']}").status == 204
    assert admin.ask("POST", "/consumers/nobody/plugins", {"name": "cors"}).json == NOT_FOUND


def test_one_plugin_of_a_consumer(admin: Admin) -> None:
    bob = admin.made("/consumers", {"username": "bob"})
    admin.made("/consumers", {"username": "alice"})
    plugin = admin.made("/consumers/bob/plugins", {"name": "rate-limiting", "config": {"minute": 5, "hour": 50}})
    path = f"/consumers/bob/plugins/{plugin['id']}"
    assert admin.ask("GET", path).json == plugin
    for method in ("GET", "PATCH", "DELETE"):
        values = {} if method == "PATCH" else None
        answer = admin.ask(method, f"/consumers/alice/plugins/{plugin['id']}", values)
        assert (answer.status, answer.json) == (404, NOT_FOUND)
    form = admin.ask("PATCH", path, form="config.minute=6&config.error_message=7")
    assert form.json["config"]["error_message"] == "7"
    assert (form.status, form.json["config"]["minute"], form.json["config"]["hour"]) == (200, 6, 50)
    json = admin.ask("PATCH", path, {"config": {"hour": 60}, "enabled": False}).json
    assert (json["config"]["minute"], json["config"]["hour"], json["enabled"]) == (6, 60, False)
    foo = admin.ask("PATCH", path, {"name": "foo"})
    text = "plugin 'foo' not enabled; add it to the 'plugins' configuration property"
    assert (foo.status, foo.json["fields"]) == (400, {"name": text})
    assert admin.ask("PATCH", f"/consumers/bob/plugins/{new_uuid()}", {}).status == 404
    key = new_uuid()
    put = admin.ask("PUT", f"/consumers/bob/plugins/{key}", {"name": "correlation-id"})
    assert (put.status, put.json["id"], put.json["consumer"]) == (200, key, {"id": bob["id"]})
    again = admin.ask("PUT", f"/consumers/bob/plugins/{key}", {"name": "correlation-id", "enabled": False})
    assert (again.status, again.json["id"], again.json["enabled"]) == (200, key, False)
    assert admin.ask("DELETE", path).status == 204
    assert admin.ask("DELETE", path).status == 404
