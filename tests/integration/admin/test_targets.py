"""Targets of an upstream (admin-api.md 1.5, 2.7)."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.integration.admin.conftest import NODE_ID, Admin


@pytest.fixture
def upstream(admin: Admin) -> str:
    return str(admin.made("/upstreams", {"name": "u1"})["id"])


def test_targets_get_their_port_and_milliseconds(admin: Admin, upstream: str) -> None:
    made = admin.made("/upstreams/u1/targets/", {"target": "a.test"})
    assert (made["target"], made["weight"], made["upstream"]) == ("a.test:8000", 100, {"id": upstream})
    assert isinstance(made["created_at"], float)
    for key in (made["id"], "a.test:8000", "a.test", "a.test%3A8000"):
        assert admin.ask("GET", f"/upstreams/u1/targets/{key}").json == made


def test_ipv6_targets_are_found_by_any_spelling(admin: Admin, upstream: str) -> None:
    made = admin.made("/upstreams/u1/targets", {"target": "[::1]:80"})
    assert made["target"] == "[0000:0000:0000:0000:0000:0000:0000:0001]:80"
    assert admin.ask("GET", f"/upstreams/u1/targets/{quote('[::1]:80', safe='')}").json == made


def test_targets_come_newest_first(admin: Admin, upstream: str) -> None:
    for number in range(5):
        values = {"target": f"t{number}.test", "created_at": 1700000000.125 + number}
        admin.made("/upstreams/u1/targets", values)
    page = admin.ask("GET", "/upstreams/u1/targets?size=2").json
    assert [target["target"][:2] for target in page["data"]] == ["t4", "t3"]
    assert (page["offset"], page["next"]) == ("2", "/upstreams/u1/targets?offset=2")
    rest = admin.ask("GET", page["next"]).json
    assert [target["target"][:2] for target in rest["data"]] == ["t2", "t1", "t0"]
    assert (rest["next"], "offset" in rest) == (None, False)
    assert len(admin.ask("GET", "/upstreams/u1/targets?size=5000").json["data"]) == 5


@pytest.mark.parametrize("query", ["offset=x", "offset=-1", "offset=1.5", "offset=%D9%A3"])
def test_a_bad_offset_is_refused(admin: Admin, upstream: str, query: str) -> None:
    answer = admin.ask("GET", f"/upstreams/u1/targets?{query}")
    assert (answer.status, answer.json["code"]) == (400, 7)


def test_an_offset_behind_the_end(admin: Admin, upstream: str) -> None:
    assert admin.ask("GET", "/upstreams/u1/targets?offset=99").json == {"data": [], "next": None}


def test_all_targets_come_in_the_order_of_the_database(admin: Admin, upstream: str) -> None:
    keys = sorted(admin.made("/upstreams/u1/targets", {"target": f"t{n}.test"})["id"] for n in range(3))
    page = admin.ask("GET", "/upstreams/u1/targets/all?size=2").json
    assert page["next"] == f"/upstreams/u1/targets/all?offset={quote(page['offset'], safe='')}"
    rest = admin.ask("GET", page["next"]).json
    assert [target["id"] for target in page["data"] + rest["data"]] == keys
    missing = admin.ask("GET", "/upstreams/nope/targets/all")
    assert (missing.status, missing.json) == (404, {"message": "Not found"})


def test_health_on_a_control_plane_is_the_list_and_the_node(admin: Admin, upstream: str) -> None:
    made = admin.made("/upstreams/u1/targets", {"target": "a.test"})
    assert admin.ask("GET", "/upstreams/u1/health").json == {"data": [made], "next": None, "node_id": NODE_ID}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_put_and_patch_change_and_never_create(admin: Admin, upstream: str, method: str) -> None:
    absent = admin.ask(method, "/upstreams/u1/targets/a.test:8000", {"target": "a.test:8000", "weight": 1})
    assert (absent.status, absent.json) == (404, {"message": "Not found"})
    made = admin.made("/upstreams/u1/targets", {"target": "a.test", "tags": ["t"]})
    changed = admin.ask(method, "/upstreams/u1/targets/a.test", {"weight": 0, "target": "b.test:1"})
    assert changed.status == 200
    assert (changed.json["id"], changed.json["weight"], changed.json["tags"]) == (made["id"], 0, ["t"])
    assert admin.ask("GET", "/upstreams/u1/targets/a.test").status == 404
    assert admin.ask("GET", "/upstreams/u1/targets/b.test:1").status == 200


def test_a_target_of_another_upstream_is_not_found(admin: Admin, upstream: str) -> None:
    admin.made("/upstreams", {"name": "u2"})
    other = admin.made("/upstreams/u2/targets", {"target": "a.test", "weight": 7})
    own = admin.made("/upstreams/u1/targets", {"target": "a.test"})
    assert admin.ask("GET", f"/upstreams/u1/targets/{other['id']}").status == 404
    assert admin.ask("GET", "/upstreams/u1/targets/a.test").json == own
    assert admin.ask("DELETE", f"/upstreams/u1/targets/{other['id']}").status == 404
    assert admin.ask("DELETE", "/upstreams/u1/targets/a.test").status == 204
    assert admin.ask("GET", "/upstreams/u2/targets/a.test").json == other


def test_refusals(admin: Admin, upstream: str) -> None:
    def message(values: object) -> object:
        return admin.ask("POST", "/upstreams/u1/targets", values).json["message"]

    assert message({"weight": 0}) == "schema violation (target: required field missing)"
    assert message({"target": "1.2.3.4.5:x"}) == (
        "schema violation (target: Invalid target; not a valid hostname or ip address)"
    )
    admin.made("/upstreams/u1/targets", {"target": "127.0.0.1:18999"})
    twice = admin.ask("POST", "/upstreams/u1/targets", {"target": "127.0.0.1:18999"})
    assert twice.status == 409
    assert twice.json["message"] == (
        f'UNIQUE violation detected on \'{{target="127.0.0.1:18999",upstream={{id="{upstream}"}}}}\''
    )
    for method in ("PUT", "PATCH", "DELETE"):
        assert admin.ask(method, "/upstreams/u1/targets", {}).status == 405


def test_deleting_the_upstream_deletes_its_targets(admin: Admin, upstream: str) -> None:
    admin.made("/upstreams/u1/targets", {"target": "a.test"})
    assert admin.ask("DELETE", "/upstreams/u1").status == 204
    assert admin.ask("GET", "/upstreams/u1/targets").status == 404
