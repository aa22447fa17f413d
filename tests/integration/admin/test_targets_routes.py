"""Targets, their lists and their health (acceptance list 08-targets_routes)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from gwctl.admin.ports import NO_BALANCER, Mark
from gwctl.kit.ids import new_uuid
from tests.integration.admin.conftest import NODE_ID, Admin, Serve
from tests.integration.admin.encodings import ALL, ask_as

NOT_FOUND = {"message": "Not found"}
EMPTY = b'{"data":[],"next":null}'


def made(admin: Admin, *targets: str, **values: Any) -> list[Any]:
    """An upstream ``u`` with these targets."""
    if admin.ask("GET", "/upstreams/u").status == 404:
        admin.made("/upstreams", {"name": "u"})
    return [admin.made("/upstreams/u/targets", {"target": target, **values}) for target in targets]


def test_there_is_no_list_of_all(admin: Admin) -> None:
    assert admin.ask("GET", "/targets").json == NOT_FOUND


@pytest.mark.parametrize("encoding", ALL)
def test_create(admin: Admin, encoding: str) -> None:
    made(admin)
    for values, target, weight in (
        ({"target": "mashape.test"}, "mashape.test:8000", 100),
        ({"target": "mashape.test:123", "weight": 99}, "mashape.test:123", 99),
        ({"target": "zero.test:123", "weight": 0}, "zero.test:123", 0),
    ):
        answer = ask_as(admin, encoding, "POST", "/upstreams/u/targets/", values)
        assert (answer.status, answer.json["target"], answer.json["weight"]) == (201, target, weight)
        assert isinstance(answer.json["created_at"], float)
    assert admin.ask("GET", "/upstreams/u/targets/zero.test:123").json["weight"] == 0


@pytest.mark.parametrize("encoding", ALL)
def test_mistakes(admin: Admin, encoding: str) -> None:
    made(admin, "a.test:1")
    path = "/upstreams/u/targets/"
    for values, fields in (
        ({"weight": 0}, {"target": "required field missing"}),
        ({"target": "some invalid host name"}, {"target": "Invalid target; not a valid hostname or ip address"}),
        ({"target": "a.test", "weight": 65536}, {"weight": "value should be between 0 and 65535"}),
    ):
        answer = ask_as(admin, encoding, "POST", path, values)
        assert (answer.status, answer.json["fields"]) == (400, fields)
    bad = admin.ask("POST", path, data=b'{"weight"', headers={"Content-Type": "application/json"})
    assert (bad.status, bad.json) == (400, {"message": "Cannot parse JSON body"})
    for method in ("PUT", "PATCH", "DELETE"):
        assert admin.ask(method, path, {"target": "a.test"}).status == 405
    again = ask_as(admin, encoding, "POST", path, {"target": "a.test:1"})
    upstream = admin.ask("GET", "/upstreams/u").json["id"]
    assert again.status == 409
    assert again.json["message"] == (
        f'UNIQUE violation detected on \'{{target="a.test:1",upstream={{id="{upstream}"}}}}\''
    )
    assert again.json["fields"] == {"target": "a.test:1", "upstream": {"id": upstream}}


def test_the_list(admin: Admin) -> None:
    made(admin)
    assert admin.ask("GET", "/upstreams/u/targets").data == EMPTY
    made(admin, "a.test:1", "b.test:1", "c.test:1")
    made(admin, "d.test:1", weight=0)
    for path in ("/upstreams/u/targets", "/upstreams/u/targets/"):
        found = admin.ask("GET", path).json["data"]
        assert [each["target"] for each in found] == ["d.test:1", "c.test:1", "b.test:1", "a.test:1"]
    page = admin.ask("GET", "/upstreams/u/targets?size=3").json
    assert (page["offset"], page["next"]) == ("3", "/upstreams/u/targets?offset=3")
    assert len(admin.ask("GET", "/upstreams/u/targets?size=5000").json["data"]) == 4
    for method, path, status in (("GET", "/upstreams/u/targets?offset=x", 400), ("GET", "/upstreams/no/targets", 404)):
        assert admin.ask(method, path).status == status


def test_health_as_the_balancer_knows_it(serve: Serve) -> None:
    with serve(role="traditional") as admin:
        admin.node.known = {"127.0.0.1": ["127.0.0.1"], "two.test": ["10.0.0.1", "10.0.0.2"]}
        admin.node.idle = {"127.0.0.1:8002"}
        targets = made(admin, "127.0.0.1:8001", "two.test:80", "nowhere.test:80")
        made(admin, "127.0.0.1:8002", weight=0)
        body = admin.ask("GET", "/upstreams/u/health").json
        assert (body["node_id"], body["next"]) == (admin.ask("GET", "/").json["node_id"], None)
        states = [(each["target"], each["health"]) for each in body["data"]]
        assert states == [
            ("127.0.0.1:8002", "HEALTHCHECKS_OFF"),
            ("nowhere.test:80", "DNS_ERROR"),
            ("two.test:80", "HEALTHCHECKS_OFF"),
            ("127.0.0.1:8001", "HEALTHCHECKS_OFF"),
        ]
        two = body["data"][2]
        assert two.items() >= targets[1].items()
        address = {"port": 80, "weight": 100, "health": "HEALTHCHECKS_OFF"}
        assert two["data"] == {
            "host": "two.test",
            "port": 80,
            "dns": "A",
            "nodeWeight": 100,
            "weight": {"total": 200, "available": 200, "unavailable": 0},
            "addresses": [{"ip": "10.0.0.1", **address}, {"ip": "10.0.0.2", **address}],
        }
        whole = admin.ask("GET", "/upstreams/u/health?balancer_health=1").json
        assert (whole["next"], whole["node_id"]) == (None, NODE_ID)
        assert {name: whole["data"][name] for name in ("id", "health", "balancer_health")} == {
            "id": targets[0]["upstream"]["id"], "health": "HEALTHCHECKS_OFF", "balancer_health": "HEALTHY",
        }  # fmt: skip
        details = whole["data"]["details"]
        assert (details["healthy"], details["weight"]["total"], len(details["hosts"])) == (True, 300, 4)
        page = admin.ask("GET", "/upstreams/u/health?size=1").json
        assert (len(page["data"]), page["next"]) == (1, "/upstreams/u/health?offset=1")
        assert admin.ask("GET", "/upstreams/no/health").json == NOT_FOUND


def test_health_of_an_upstream_with_checks(serve: Serve) -> None:
    with serve(role="traditional") as admin:
        admin.node.known = {"127.0.0.1": ["127.0.0.1"], "two.test": ["10.0.0.1", "10.0.0.2"], "out.test": ["10.0.0.1"]}
        admin.node.checked, admin.node.down, admin.node.idle = True, {"10.0.0.1"}, {"127.0.0.1:8001"}
        made(admin, "two.test:80", "out.test:80", "nowhere.test:80")
        made(admin, "127.0.0.1:8001", weight=0)
        data = {each["target"]: each for each in admin.ask("GET", "/upstreams/u/health").json["data"]}
        assert {target: each["health"] for target, each in data.items()} == {
            "127.0.0.1:8001": "HEALTHCHECKS_OFF",
            "nowhere.test:80": "DNS_ERROR",
            "out.test:80": "UNHEALTHY",
            "two.test:80": "HEALTHY",
        }
        two = data["two.test:80"]["data"]
        assert [each["health"] for each in two["addresses"]] == ["UNHEALTHY", "HEALTHY"]
        assert two["weight"] == {"total": 200, "available": 100, "unavailable": 100}
        whole = admin.ask("GET", "/upstreams/u/health?balancer_health=1").json["data"]
        assert (whole["health"], whole["balancer_health"], whole["details"]["healthy"]) == ("HEALTHY", "HEALTHY", True)
        assert [each["healthy"] for host in whole["details"]["hosts"] for each in host["addresses"]].count(False) == 2
        admin.node.down.add("10.0.0.2")
        whole = admin.ask("GET", "/upstreams/u/health?balancer_health=1").json["data"]
        assert (whole["health"], whole["balancer_health"]) == ("UNHEALTHY", "UNHEALTHY")


def test_more_targets_than_one_question_holds(serve: Serve) -> None:
    with serve(role="traditional") as admin, pytest.MonkeyPatch.context() as patch:
        patch.setattr("gwctl.admin.endpoints.health._AT_ONCE", 2)
        admin.node.known = {"127.0.0.1": ["127.0.0.1"]}
        made(admin, *(f"127.0.0.1:{8000 + number}" for number in range(5)))
        data = admin.ask("GET", "/upstreams/u/health").json["data"]
        assert [each["data"]["port"] for each in data] == [8004, 8003, 8002, 8001, 8000]
        hosts = admin.ask("GET", "/upstreams/u/health?balancer_health=1").json["data"]["details"]["hosts"]
        assert sorted(host["port"] for host in hosts) == [8000, 8001, 8002, 8003, 8004]


def test_all_in_the_order_of_the_store(admin: Admin) -> None:
    made(admin)
    assert admin.ask("GET", "/upstreams/u/targets/all").data == EMPTY
    made(admin, *(f"t{number}.test:1" for number in range(10)))
    assert len(admin.ask("GET", "/upstreams/u/targets/all?foo=bar", data=b"[").json["data"]) == 10
    sizes, path = [], "/upstreams/u/targets/all?size=3"
    while True:
        page = admin.ask("GET", path).json
        sizes.append(len(page["data"]))
        if page["next"] is None:
            break
        assert isinstance(page["offset"], str)
        assert page["next"] == "/upstreams/u/targets/all?offset=" + quote(page["offset"], safe="")
        path = page["next"] + "&size=3"
    assert sizes == [3, 3, 3, 1]
    assert admin.ask("GET", "/upstreams/no/targets/all").json == NOT_FOUND


def test_marks_of_health(serve: Serve) -> None:
    """What is not there is 404 in every combination; the rest goes to the node, and to others by a notice."""
    with serve(role="traditional") as admin:
        admin.node.known = {"127.0.0.1": ["127.0.0.1"], "0000:0000:0000:0000:0000:0000:0000:0001": ["::1"]}
        (mine, six, name) = made(admin, "127.0.0.1:8001", "[::1]:8001", "localhost:8001")
        u = mine["upstream"]["id"]
        admin.made("/upstreams", {"name": "other"})
        other = admin.made("/upstreams/other/targets", {"target": "10.0.0.1:80"})
        for mark in ("healthy", "unhealthy"):
            for upstream in ("u", u, "other", "no", new_uuid()):
                for target in (mine, other, {"id": new_uuid(), "target": "no.test:1"}):
                    for key in (target["id"], target["target"]):
                        exists = (upstream, target["id"]) in {
                            ("u", mine["id"]),
                            (u, mine["id"]),
                            ("other", other["id"]),
                        }
                        admin.node.marks.clear()
                        answer = admin.ask("PUT", f"/upstreams/{upstream}/targets/{quote(key)}/{mark}")
                        assert answer.status == (204 if exists else 404), (upstream, key)
                        marks = (
                            [Mark(target["upstream"]["id"], target["target"], None, mark == "healthy")]
                            if exists
                            else []
                        )
                        assert admin.node.marks == marks
        admin.node.marks.clear()
        for target, address in ((six, "[::1]:8001"), (name, "127.0.0.1:8001"), (mine, "127.0.0.1")):
            assert admin.ask("PUT", f"/upstreams/u/targets/{target['id']}/{address}/unhealthy").status == 204
        assert [(mark.target, mark.address, mark.healthy) for mark in admin.node.marks] == [
            ("[0000:0000:0000:0000:0000:0000:0000:0001]:8001", "[::1]:8001", False),
            ("localhost:8001", "127.0.0.1:8001", False),
            ("127.0.0.1:8001", "127.0.0.1", False),
        ]
        notices = admin.store.notices(Mark.NOTICES)
        told = notices[f"{Mark.NOTICES}{u} localhost:8001 127.0.0.1:8001"].body
        assert (told["healthy"], told["by"]) == (False, NODE_ID)
        admin.node.refuses = "target 't' has no address 'a'"
        answer = admin.ask("PUT", f"/upstreams/u/targets/{mine['id']}/unhealthy")
        assert (answer.status, answer.json) == (400, {"message": "target 't' has no address 'a'"})
        admin.node.refuses = NO_BALANCER
        answer = admin.ask("PUT", f"/upstreams/u/targets/{mine['id']}/unhealthy")
        assert (answer.status, answer.json) == (400, {"message": "Upstream u has no balancer"})
        assert admin.store.notices(Mark.NOTICES) == notices


def test_one_target(admin: Admin) -> None:
    (one, other) = made(admin, "api-1:80", "api-2:80")
    base = "/upstreams/u/targets"
    for key in (one["id"], "api-1:80", "api-1%3A80"):
        assert admin.ask("GET", f"{base}/{key}").json == one
    for method, weight in (("PATCH", 77), ("PUT", 78)):
        for key in (one["id"], "api-1:80"):
            changed = admin.ask(method, f"{base}/{key}", {"target": "api-1:80", "weight": weight})
            assert (changed.status, changed.json["weight"]) == (200, weight)
            assert changed.json["updated_at"] > one["updated_at"]
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        for key in (new_uuid(), "no.test:1"):
            answer = admin.ask(method, f"{base}/{key}", {} if method in ("PATCH", "PUT") else None)
            assert (answer.status, answer.json) == (404, NOT_FOUND)
    assert admin.ask("PUT", f"{base}/{one['id']}", {"target": "api-9:80"}).status == 200
    assert admin.ask("GET", f"{base}/api-1:80").status == 404
    assert admin.ask("GET", f"{base}/api-9:80").json["id"] == one["id"]
    for key in (one["id"], "api-2:80"):
        assert admin.ask("DELETE", f"{base}/{key}").status == 204
    assert admin.ask("GET", base).data == admin.ask("GET", f"{base}/all").data == EMPTY
    assert other["target"] == "api-2:80"


def test_a_control_plane_has_no_health(admin: Admin) -> None:
    paths = admin.ask("GET", "/endpoints").json["data"]
    item = "/upstreams/{upstreams}/targets/{targets}"
    four = [f"{each}/{mark}" for each in (item, item + "/{address}") for mark in ("healthy", "unhealthy")]
    assert not set(four) & set(paths)
    admin.node.known = {"127.0.0.1": ["127.0.0.1"]}
    (target,) = made(admin, "127.0.0.1:80")
    assert admin.ask("PUT", f"/upstreams/u/targets/{target['id']}/healthy").json == NOT_FOUND
    assert admin.ask("GET", "/upstreams/u/health").json == {"data": [target], "next": None, "node_id": NODE_ID}
    whole = admin.ask("GET", "/upstreams/u/health?balancer_health=1").json
    assert whole["data"] == {"id": target["upstream"]["id"]}


def test_15_a_part_of_the_checks_is_merged_into_the_rest(admin: Admin) -> None:
    """17.3/10-balancer/01-healthchecks#15: defaults stay, siblings stay, lists are replaced."""
    whole = admin.made("/upstreams", {"name": "u"})["healthchecks"]
    part = {"active": {"http_path": "/s", "unhealthy": {"http_failures": 2, "http_statuses": [500]}}, "threshold": 10}
    merged = admin.ask("PATCH", "/upstreams/u", {"healthchecks": part}).json["healthchecks"]
    whole["active"]["http_path"] = "/s"
    whole["active"]["unhealthy"] |= part["active"]["unhealthy"]  # type: ignore[index]
    whole["threshold"] = 10
    assert merged == whole
    again = admin.ask("PATCH", "/upstreams/u", {"healthchecks": {"passive": {"unhealthy": {"timeouts": 3}}}})
    whole["passive"]["unhealthy"]["timeouts"] = 3
    assert again.json["healthchecks"] == whole
