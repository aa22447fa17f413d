"""The generated endpoints over real sockets and a real database: bodies as observed on the reference."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from gwctl.kit.ids import is_uuid, new_uuid
from tests.integration.admin.conftest import Admin

NOT_FOUND = {"message": "Not found"}


def test_a_service_is_created_with_every_field(admin: Admin) -> None:
    answer = admin.ask("POST", "/services", form="name=s1&url=http://127.0.0.1:18999")
    assert answer.status == 201
    body = answer.json
    assert is_uuid(body.pop("id"))
    assert isinstance(body["created_at"], int)
    assert body.pop("created_at") == body.pop("updated_at")
    assert body == {
        "name": "s1",
        "protocol": "http",
        "host": "127.0.0.1",
        "port": 18999,
        "path": None,
        "retries": 5,
        "connect_timeout": 60000,
        "read_timeout": 60000,
        "write_timeout": 60000,
        "enabled": True,
        "tags": None,
        "client_certificate": None,
        "ca_certificates": None,
        "tls_verify": None,
        "tls_verify_depth": None,
    }


def test_a_route_below_its_service(admin: Admin) -> None:
    service = admin.made("/services", {"name": "s1", "host": "a.b"})
    answer = admin.ask("POST", "/services/s1/routes", form="name=r1&paths[]=/r1")
    assert answer.status == 201
    body = answer.json
    assert {name: body[name] for name in ("name", "service", "paths", "protocols", "strip_path")} == {
        "name": "r1",
        "service": {"id": service["id"]},
        "paths": ["/r1"],
        "protocols": ["http", "https"],
        "strip_path": True,
    }
    assert admin.ask("GET", "/services/s1/routes/r1").json == body
    assert admin.ask("GET", "/routes/r1/service").json == service
    assert admin.ask("GET", "/services/s1/routes").json == {"data": [body], "next": None}


def test_the_foreign_key_of_the_path_wins(admin: Admin) -> None:
    one, other = (admin.made("/services", {"name": name, "host": "a.b"}) for name in ("one", "other"))
    made = admin.made("/services/one/routes", {"paths": ["/a"], "service": {"id": other["id"]}})
    assert made["service"] == {"id": one["id"]}


ERRORS: list[tuple[str, str, Any, int, Any]] = [
    (
        "POST",
        "/services",
        {},
        400,
        {
            "code": 2,
            "name": "schema violation",
            "fields": {"host": "required field missing"},
            "message": "schema violation (host: required field missing)",
        },
    ),
    (
        "POST",
        "/services",
        {"host": "a.b", "port": "80"},
        400,
        {
            "code": 2,
            "name": "schema violation",
            "fields": {"port": "expected an integer"},
            "message": "schema violation (port: expected an integer)",
        },
    ),
    (
        "POST",
        "/services",
        {"name": "s1", "host": "a.b"},
        409,
        {
            "code": 5,
            "name": "unique constraint violation",
            "fields": {"name": "s1"},
            "message": "UNIQUE violation detected on '{name=\"s1\"}'",
        },
    ),
    (
        "POST",
        "/routes",
        {"paths": ["/a"], "service": {"name": "nope"}},
        400,
        {
            "code": 13,
            "name": "foreign keys unresolved",
            "fields": {
                "service": {
                    "name": (
                        "the foreign key cannot be resolved with '{name=\"nope\"}' for an existing 'services' entity"
                    )
                }
            },
            "message": (
                "foreign key unresolved (service.name: the foreign key cannot be resolved with "
                "'{name=\"nope\"}' for an existing 'services' entity)"
            ),
        },
    ),
    (
        "DELETE",
        "/services/s1",
        None,
        400,
        {
            "code": 4,
            "name": "foreign key violation",
            "fields": {"@referenced_by": "routes"},
            "message": "an existing 'routes' entity references this 'services' entity",
        },
    ),
    (
        "PATCH",
        "/services/nope",
        {"host": "a.b"},
        404,
        {
            "code": 6,
            "name": "not found",
            "fields": {"name": "nope"},
            "message": "could not find the entity with '{name=\"nope\"}'",
        },
    ),
    ("GET", "/services/nope", None, 404, NOT_FOUND),
    ("GET", "/services/nope/routes", None, 404, NOT_FOUND),
    ("POST", "/services/nope/routes", {"paths": ["/a"]}, 404, NOT_FOUND),
    ("GET", "/services/s1/routes/nope", None, 404, NOT_FOUND),
    ("PATCH", "/services/s1/routes/nope", {}, 404, NOT_FOUND),
    ("DELETE", "/services/s1/routes/nope", None, 404, NOT_FOUND),
    ("GET", "/services/other/routes/r1", None, 404, NOT_FOUND),
    ("DELETE", "/services/other/routes/r1", None, 404, NOT_FOUND),
    (
        "GET",
        "/services?size=x",
        None,
        400,
        {"code": 9, "name": "invalid size", "message": "size must be a number"},
    ),
    (
        "GET",
        "/services?size=1001",
        None,
        400,
        {"code": 9, "name": "invalid size", "message": "size must be an integer between 1 and 1000"},
    ),
    (
        "GET",
        "/services?offset=zzz",
        None,
        400,
        {"code": 7, "name": "invalid offset", "message": "'zzz' is not a valid offset: bad json encoding"},
    ),
    (
        "GET",
        "/services?offset=x",
        None,
        400,
        {"code": 7, "name": "invalid offset", "message": "'x' is not a valid offset: bad base64 encoding"},
    ),
    (
        "GET",
        "/services?tags=a,b/c",
        None,
        400,
        {
            "code": 11,
            "name": "invalid options",
            "options": {"tags": "invalid filter syntax"},
            "message": "invalid option (tags: invalid filter syntax)",
        },
    ),
    (
        "GET",
        "/services?tags=",
        None,
        400,
        {
            "code": 11,
            "name": "invalid options",
            "options": {"tags": "cannot be null"},
            "message": "invalid option (tags: cannot be null)",
        },
    ),
    (
        "GET",
        "/certificates/" + "0" * 8,
        None,
        404,
        {"message": "SNI not found"},
    ),
    ("DELETE", "/routes/r1/service", None, 405, {"message": "Method not allowed"}),
    ("DELETE", "/routes/free/service", None, 404, NOT_FOUND),
    ("GET", "/routes/free/service", None, 404, NOT_FOUND),
    ("PATCH", "/routes/free/service", {"host": "x.y"}, 404, NOT_FOUND),
    ("PUT", "/services", {}, 405, {"message": "Method not allowed"}),
    ("POST", "/services/s1", {}, 405, {"message": "Method not allowed"}),
    ("BREW", "/services", None, 405, {"message": "Method not allowed"}),
    ("GET", "/targets", None, 404, NOT_FOUND),
    ("GET", "/snis/x/certificate", None, 404, NOT_FOUND),
    ("GET", "/workspaces", None, 404, NOT_FOUND),
    ("GET", "//services", None, 404, NOT_FOUND),
    ("GET", "/Services", None, 404, NOT_FOUND),
    ("GET", "/status/ready", None, 404, NOT_FOUND),
]


@pytest.mark.parametrize(
    ("method", "path", "values", "status", "body"), ERRORS, ids=[f"{case[0]} {case[1]}" for case in ERRORS]
)
def test_refusals(admin: Admin, method: str, path: str, values: Any, status: int, body: Any) -> None:
    admin.made("/services", {"name": "s1", "host": "a.b"})
    admin.made("/services", {"name": "other", "host": "a.b"})
    admin.made("/services/s1/routes", {"name": "r1", "paths": ["/r1"]})
    admin.made("/routes", {"name": "free", "paths": ["/f"]})
    answer = admin.ask(method, path, values)
    assert (answer.status, answer.json) == (status, body)


def test_a_key_that_is_no_uuid_where_none_can_be(admin: Admin) -> None:
    answer = admin.ask("GET", "/services/" + quote("no\0such"))
    assert (answer.status, answer.json) == (404, NOT_FOUND)
    assert admin.ask("GET", "/services/%FF").status == 404
    assert admin.ask("PUT", "/services/%FF", {"host": "a.b"}).status == 404


def test_put_creates_and_replaces(admin: Admin) -> None:
    key = new_uuid()
    first = admin.ask("PUT", f"/services/{key}", {"host": "a.b", "retries": 9})
    assert (first.status, first.json["id"], first.json["name"]) == (200, key, None)
    second = admin.ask("PUT", f"/services/{key}", {"host": "a.b", "name": "renamed"}).json
    assert (second["id"], second["name"], second["retries"]) == (key, "renamed", 5)
    by_name = admin.ask("PUT", "/services/renamed", {"host": "c.d", "name": "ignored"}).json
    assert (by_name["id"], by_name["name"], by_name["host"]) == (key, "renamed", "c.d")
    fresh = admin.ask("PUT", "/services/fresh", {"host": "c.d"})
    assert (fresh.status, fresh.json["name"]) == (200, "fresh")
    assert is_uuid(fresh.json["id"])


def test_patch_merges_and_null_clears(admin: Admin) -> None:
    admin.made("/services", {"name": "s1", "host": "a.b", "path": "/x", "tags": ["t"]})
    changed = admin.ask("PATCH", "/services/s1", {"path": None, "retries": 1})
    assert changed.status == 200
    assert (changed.json["path"], changed.json["retries"], changed.json["tags"]) == (None, 1, ["t"])
    cleared = admin.ask("PATCH", "/services/s1", form="name=&port=81").json
    assert (cleared["name"], cleared["port"]) == (None, 81)


def test_delete_is_idempotent_only_at_the_top(admin: Admin) -> None:
    admin.made("/services", {"name": "s1", "host": "a.b"})
    admin.made("/services/s1/routes", {"name": "r1", "paths": ["/"]})
    gone = admin.ask("DELETE", "/services/s1/routes/r1")
    assert (gone.status, gone.data) == (204, b"")
    assert "Content-Length" not in gone.headers
    assert "Content-Type" not in gone.headers
    assert admin.ask("DELETE", "/services/s1/routes/r1").status == 404
    assert admin.ask("DELETE", "/routes/r1").status == 204
    assert admin.ask("DELETE", f"/services/{new_uuid()}").status == 204


def test_put_below_a_parent_takes_the_record_over(admin: Admin) -> None:
    one, other = (admin.made("/services", {"name": name, "host": "a.b"}) for name in ("one", "other"))
    route = admin.made("/services/one/routes", {"name": "r1", "paths": ["/"]})
    assert route["service"]["id"] == one["id"]
    taken = admin.ask("PUT", "/services/other/routes/r1", {"paths": ["/x"]})
    assert (taken.status, taken.json["id"], taken.json["service"]["id"]) == (200, route["id"], other["id"])
    moved = admin.ask("PATCH", "/services/other/routes/r1", {"service": {"name": "one"}})
    assert (moved.status, moved.json["service"]["id"]) == (200, one["id"])


def test_the_parent_of_a_record(admin: Admin) -> None:
    service = admin.made("/services", {"name": "s1", "host": "a.b"})
    admin.made("/services/s1/routes", {"name": "r1", "paths": ["/"]})
    admin.made("/routes", {"name": "free", "paths": ["/f"]})
    patched = admin.ask("PATCH", "/routes/r1/service", {"url": "https://c.d:1/x"}).json
    assert (patched["id"], patched["port"], patched["path"]) == (service["id"], 1, "/x")
    replaced = admin.ask("PUT", "/routes/r1/service", {"host": "e.f"}).json
    assert (replaced["id"], replaced["name"], replaced["host"]) == (service["id"], None, "e.f")
    created = admin.ask("PUT", "/routes/free/service", {"name": "new", "host": "g.h"})
    assert created.status == 200
    assert admin.ask("GET", "/routes/free").json["service"] == {"id": created.json["id"]}
    bad = admin.ask("PUT", "/routes/free/service", {"connect_timeout": "x"}).json
    assert bad["message"] == (
        "2 schema violations (connect_timeout: expected an integer; host: required field missing)"
    )


def test_paging(admin: Admin) -> None:
    made = {admin.made("/consumers", {"username": f"u{number}", "tags": ["x y"]})["id"] for number in range(10)}
    seen: list[str] = []
    path: str | None = "/consumers?size=3&tags=x%20y&unknown=1"
    sizes = []
    while path:
        page = admin.ask("GET", path).json
        sizes.append(len(page["data"]))
        seen += [record["id"] for record in page["data"]]
        path = page["next"]
        if path:
            assert path == f"/consumers?offset={quote(page['offset'], safe='')}&tags=x%20y&size=3"
        else:
            assert "offset" not in page
    assert sizes == [3, 3, 3, 1]
    assert seen == sorted(made)


def test_tags_filter(admin: Admin) -> None:
    for username, tags in (("a", ["one"]), ("b", ["one", "two"]), ("c", ["two"])):
        admin.made("/consumers", {"username": username, "tags": tags})

    def names(query: str) -> list[str]:
        return sorted(record["username"] for record in admin.ask("GET", f"/consumers?tags={query}").json["data"])

    assert names("one") == ["a", "b"]
    assert names("one,two") == ["b"]
    assert names("one/two") == ["a", "b", "c"]
    assert names("''") == []


def test_nested_lists_carry_neither_size_nor_tags(admin: Admin) -> None:
    admin.made("/services", {"name": "sé", "host": "a.b"})
    for number in range(3):
        admin.made("/services/s%C3%A9/routes", {"paths": [f"/{number}"]})
    page = admin.ask("GET", "/services/s%C3%A9/routes/?size=2&tags=a,b/c").json
    assert len(page["data"]) == 2
    assert page["next"] == f"/services/s%C3%A9/routes?offset={quote(page['offset'], safe='')}"


def test_names_in_paths_are_percent_decoded(admin: Admin) -> None:
    made = admin.made("/consumers", {"username": "a/b ü"})
    assert admin.ask("GET", "/consumers/a%2Fb%20%C3%BC").json == made
    assert admin.ask("GET", f"/consumers/{made['id'].upper()}/").json == made


def test_consumers_by_custom_id(admin: Admin) -> None:
    made = admin.made("/consumers", {"custom_id": "c1"})
    admin.made("/consumers", {"custom_id": "c2"})
    assert admin.ask("GET", "/consumers?custom_id=c1").json == {"data": [made], "next": None}
    assert admin.ask("GET", "/consumers?custom_id=nope").json == {"data": [], "next": None}
    for query in ("custom_id=", "custom_id", "custom_id=a&custom_id=b"):
        refused = admin.ask("GET", f"/consumers?{query}")
        assert (refused.status, refused.json) == (400, {"message": "custom_id must be an unempty string"})


def test_every_commit_is_announced_before_the_answer(admin: Admin) -> None:
    before = admin.store.version().number
    admin.made("/services", {"name": "s1", "host": "a.b"})
    assert [version.number for version in admin.commits] == [before + 1]
    admin.ask("GET", "/services/s1")
    admin.ask("POST", "/services", {})
    assert len(admin.commits) == 1
    admin.ask("PATCH", "/services/s1", {"retries": 2})
    admin.ask("DELETE", "/services/s1")
    assert [version.number - before for version in admin.commits] == [1, 2, 3]
    assert admin.store.version() == admin.commits[-1]
    admin.ask("DELETE", "/services/s1")
    assert len(admin.commits) == 3
