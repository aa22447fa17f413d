"""The Admin and the Status API of a node without a database: everything can be read and nothing written but documents
(admin-api.md 2.5, 2.8; ids of its list 15-off, 08-status_api)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from tests.tools.dbless import Dbless, dbless_in

DOCUMENT = """
_format_version: "3.0"
services:
- name: one
  host: example.com
  tags: [red, "sweet pea"]
  routes:
  - name: r1
    paths: [/one]
    tags: [red]
- name: two
  host: example.org
  tags: [red, blue]
upstreams:
- name: up
  targets:
  - target: 127.0.0.1:9000
  - target: 127.0.0.1
  - target: "no-such-host.invalid:80"
- name: empty
consumers:
"""
CONSUMERS = "".join(f"- username: user-{number:03}\n  custom_id: custom-{number}\n" for number in range(250))


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dbless]:
    with dbless_in(tmp_path_factory.mktemp("admin")) as made:
        made.loaded(DOCUMENT + CONSUMERS)
        yield made


def pages(node: Dbless, path: str) -> list[list[dict[str, Any]]]:
    found = []
    following: str | None = path
    while following is not None:
        answer = node.admin("GET", following)
        assert answer.status == 200, answer.text
        found.append(answer.json()["data"])
        following = answer.json()["next"]
        assert (following is None) == ("offset" not in answer.json())
    return found


VALID = {"paths": ["/a"], "service": {"name": "one"}}


@pytest.mark.parametrize(
    "sent",
    [
        {"data": VALID},
        {"form": {"paths[]": "/a", "service.name": "one"}},
        {"data": {"hosts": ["a.b"], "protocols": ["http"], "methods": ["GET"]}},
        {"data": {**VALID, "name": "named", "strip_path": False, "regex_priority": 3}},
        {"data": {"protocols": ["tcp"], "sources": [{"ip": "127.0.0.1"}]}},
    ],
)
def test_15_off_1_a_valid_create_is_not_supported(node: Dbless, sent: dict[str, Any]) -> None:
    answer = node.admin("POST", "/routes", **sent)

    assert answer.status == 405
    assert answer.json() == {
        "code": 12,
        "name": "operation unsupported",
        "message": "cannot create 'routes' entities when not using a database",
    }
    assert len(node.admin("GET", "/routes").json()["data"]) == 1


@pytest.mark.parametrize(
    ("method", "path", "text"),
    [
        ("PUT", "/routes/b4d4b2c4-2ef8-4a35-b6e5-2e6f4a8b5b9d", "create or update 'routes' entities"),
        ("PUT", "/routes/r1", "create or update 'routes' entities by 'name'"),
        ("PATCH", "/routes/r1", "update 'routes' entities by 'name'"),
        ("DELETE", "/routes/r1", "remove 'routes' entities by 'name'"),
        ("POST", "/services/one/routes", "create 'routes' entities"),
        ("POST", "/upstreams/up/targets", "create 'targets' entities"),
        ("PATCH", "/consumers/user-001", "update 'consumers' entities by 'username'"),
        ("DELETE", "/services/one", "remove 'services' entities by 'name'"),
    ],
)
def test_15_off_1_no_verb_writes(node: Dbless, method: str, path: str, text: str) -> None:
    bodies: dict[str, dict[str, Any]] = {"targets": {"target": "a.b:80"}, "routes": VALID}
    body = next((body for word, body in bodies.items() if word in path), {"custom_id": "x"})
    answer = node.admin(method, path, data=None if method == "DELETE" else body)

    assert answer.status == 405
    assert answer.json()["code"] == 12
    assert answer.json()["message"] == f"cannot {text} when not using a database"


def test_15_off_1_what_is_invalid_is_told_first(node: Dbless) -> None:
    cases: tuple[tuple[str, str, dict[str, Any], int], ...] = (
        ("POST", "/services", {}, 2),
        ("POST", "/routes", {"paths": ["/a"], "service": {"name": "nope"}}, 13),
        ("PUT", "/services/b4d4b2c4-2ef8-4a35-b6e5-2e6f4a8b5b9d", {"port": -1}, 2),
        ("PATCH", "/services/one", {"port": "x"}, 2),
        ("PUT", "/services/bad name!", {"host": "a.b"}, 10),
    )
    for method, path, body, code in cases:
        answer = node.admin(method, path.replace(" ", "%20"), data=body)
        assert (answer.status, answer.json()["code"]) == (400, code), answer.text
    missing = node.admin("PATCH", "/services/nope", data={"port": 1})
    assert (missing.status, missing.json()["code"]) == (404, 6)
    for method, path in (("PUT", "/routes"), ("PATCH", "/routes"), ("DELETE", "/routes"), ("POST", "/routes/r1")):
        answer = node.admin(method, path, data={})
        assert (answer.status, answer.json()) == (405, {"message": "Method not allowed"})


def test_15_off_1_pages_have_numbers_for_offsets(node: Dbless) -> None:
    sizes = [len(page) for page in pages(node, "/consumers")]
    assert sizes == [100, 100, 50]
    names = [consumer["username"] for page in pages(node, "/consumers?size=7") for consumer in page]
    assert sorted(names) == [f"user-{number:03}" for number in range(250)]
    first = node.admin("GET", "/consumers?size=7").json()
    assert base64.b64decode(first["offset"]) == b"7"
    unmarked = node.admin("GET", f"/consumers?size=2&offset={base64.b64encode(b'123').decode()}").json()
    every = [consumer for page in pages(node, "/consumers?size=1000") for consumer in page]
    assert unmarked["data"] == every[123:125]
    past = node.admin("GET", f"/consumers?offset={base64.b64encode(b'9999').decode()}")
    assert past.json() == {"data": [], "next": None}
    for offset, reason in (("x", "bad base64 encoding"), (base64.b64encode(b"{}").decode(), "invalid offset")):
        answer = node.admin("GET", f"/consumers?offset={offset}")
        assert answer.status == 400
        assert answer.json()["message"] == f"'{offset}' is not a valid offset: {reason}"
    assert node.admin("GET", "/consumers?size=0").json()["code"] == 9


def test_everything_can_be_read(node: Dbless) -> None:
    one = node.admin("GET", "/services/one").json()
    assert node.admin("GET", f"/services/{one['id']}").json() == one
    assert node.admin("GET", f"/services/{one['id'].upper()}").status == 200
    assert [route["name"] for route in node.admin("GET", "/services/one/routes").json()["data"]] == ["r1"]
    assert node.admin("GET", "/routes/r1/service").json() == one
    assert node.admin("GET", "/services/two/routes/r1").status == 404
    assert node.admin("GET", "/services/nope").status == 404
    assert node.admin("GET", "/consumers?custom_id=custom-7").json()["data"][0]["username"] == "user-007"
    assert node.admin("GET", "/upstreams/empty/targets").json() == {"data": [], "next": None}
    assert node.admin("GET", "/schemas/services").status == 200
    assert node.admin("POST", "/schemas/services/validate", data={"host": "a.b"}).status == 200
    assert node.admin("GET", "/plugins/enabled").status == 200
    assert node.admin("GET", "/").json()["plugins"]["enabled_in_cluster"] == []
    assert node.admin("GET", "/clustering/data-planes").status == 400


def test_tags_are_found_without_an_index(node: Dbless) -> None:
    def named(query: str) -> set[str]:
        return {service["name"] for service in node.admin("GET", f"/services?tags={query}").json()["data"]}

    assert named("red") == {"one", "two"}
    assert named("red,blue") == {"two"}
    assert named("sweet%20pea/blue") == {"one", "two"}
    assert named("ed") == set()
    assert node.admin("GET", "/services?tags=a,b/c").json()["code"] == 11
    rows = node.admin("GET", "/tags").json()["data"]
    assert sorted(row["tag"] for row in rows) == ["blue", "red", "red", "red", "sweet pea"]
    assert {row["entity_name"] for row in node.admin("GET", "/tags/red").json()["data"]} == {"services", "routes"}
    assert node.admin("GET", "/tags/none").json()["data"] == []
    assert sum(len(page) for page in pages(node, "/tags?size=2")) == 5


def test_the_log_level_stays(node: Dbless) -> None:
    assert node.admin("GET", "/debug/node/log-level").json() == {"message": "log level: info"}
    answer = node.admin("PUT", "/debug/node/log-level/debug")
    assert (answer.status, answer.json()) == (
        405,
        {"message": "cannot change log level when not using a database"},
    )
    cluster = node.admin("PUT", "/debug/cluster/log-level/debug")
    assert cluster.status == 405


def test_there_is_no_change_log_to_apply_to(node: Dbless) -> None:
    answer = node.admin("POST", "/config/apply", data={"_format_version": "3.0"})
    assert answer.status == 405
    assert "when not using a database" in answer.json()["message"]


def test_08_status_api_1_shows_the_targets_and_writes_nothing(node: Dbless) -> None:
    listed = node.status("/upstreams/up/targets")
    assert listed.status == 200
    assert {each["target"] for each in listed.json()["data"]} == {
        "127.0.0.1:9000",
        "127.0.0.1:8000",
        "no-such-host.invalid:80",
    }
    assert node.status("/upstreams/up/targets/127.0.0.1:9000").json()["weight"] == 100
    assert len(node.status("/upstreams/up/targets/all").json()["data"]) == 3
    page = node.status("/upstreams/up/targets/all?size=2").json()
    assert len(page["data"]) == 2
    assert len(node.status(page["next"]).json()["data"]) == 1
    health = {each["target"]: each["health"] for each in node.status("/upstreams/up/health").json()["data"]}
    assert health == {
        "127.0.0.1:9000": "HEALTHCHECKS_OFF",
        "127.0.0.1:8000": "HEALTHCHECKS_OFF",
        "no-such-host.invalid:80": "DNS_ERROR",
    }
    assert node.status("/upstreams/empty/health").json()["data"] == []
    assert node.status("/upstreams/nope/targets").status == 404
    for method in ("POST", "PATCH", "PUT", "DELETE"):
        assert node.status("/upstreams/up/targets", method).status == 405
        assert node.status("/upstreams/up/targets/127.0.0.1:9000", method).status == 405
        for word in ("healthy", "unhealthy"):
            assert node.status(f"/upstreams/up/targets/127.0.0.1:9000/{word}", method).status == 404
    for path in ("/services", "/config", "/upstreams", "/"):
        assert node.status(path).status == 404
