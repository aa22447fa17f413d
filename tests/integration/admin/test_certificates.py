"""Certificates and their names (admin-api.md 1.6, 2.7)."""

from __future__ import annotations

from typing import Any

import pytest

from gwctl.certs import issue_default_pair
from gwctl.kit.ids import is_uuid, new_uuid
from tests.integration.admin.conftest import Admin

Pair = dict[str, str]


@pytest.fixture(scope="module")
def pair() -> Pair:
    certificate, key = issue_default_pair("ec", 1700000000.0)
    return {"cert": certificate.decode(), "key": key.decode()}


def names(admin: Admin) -> list[str]:
    return sorted(sni["name"] for sni in admin.ask("GET", "/snis").json["data"])


def test_a_certificate_without_names(admin: Admin, pair: Pair) -> None:
    made = admin.made("/certificates", pair)
    assert (made["snis"], made["cert_alt"], made["key_alt"]) == ([], None, None)


def test_names_are_stored_as_snis_and_come_sorted(admin: Admin, pair: Pair) -> None:
    made = admin.made("/certificates", {**pair, "snis": ["b.test", "*.a.test"]})
    assert made["snis"] == ["*.a.test", "b.test"]
    assert names(admin) == ["*.a.test", "b.test"]
    for key in (made["id"], "b.test", "%2A.a.test"):
        assert admin.ask("GET", f"/certificates/{key}").json == made
    assert admin.ask("GET", "/certificates").json == {"data": [made], "next": None}
    assert [sni["name"] for sni in admin.ask("GET", "/certificates/b.test/snis").json["data"]] != []


@pytest.mark.parametrize(
    ("snis", "problem"),
    [
        (["n.test", "m.test", "n.test"], "n.test is duplicated"),
        (["taken.test"], "taken.test already associated with existing certificate '{id}'"),
        ("n.test", "expected an array"),
        (["120.0.9.32:90"], ["must not be an IP"]),
        ([7], ["expected a string"]),
    ],
)
def test_bad_names_store_nothing(admin: Admin, pair: Pair, snis: Any, problem: Any) -> None:
    owner = admin.made("/certificates", {**pair, "snis": ["taken.test"]})
    other = admin.made("/certificates", {**pair, "snis": ["other.test"]})
    expected = problem.format(id=owner["id"]) if isinstance(problem, str) else problem
    for method, path in (
        ("POST", "/certificates"),
        ("PUT", f"/certificates/{new_uuid()}"),
        ("PUT", f"/certificates/{other['id']}"),
        ("PUT", "/certificates/fresh.test"),
        ("PATCH", f"/certificates/{other['id']}"),
    ):
        answer = admin.ask(method, path, {**pair, "snis": snis})
        assert (answer.status, answer.json["fields"]) == (400, {"snis": expected}), (method, path)
    assert names(admin) == ["other.test", "taken.test"]
    assert len(admin.ask("GET", "/certificates").json["data"]) == 2


def test_violations_of_the_record_and_of_its_names_together(admin: Admin) -> None:
    answer = admin.ask("POST", "/certificates", {"snis": ["n", "n"]})
    assert answer.json["message"] == (
        "3 schema violations (cert: required field missing; key: required field missing; snis: n is duplicated)"
    )


def test_patch_replaces_the_names_only_when_given(admin: Admin, pair: Pair) -> None:
    made = admin.made("/certificates", {**pair, "snis": ["a.test", "b.test"]})
    path = f"/certificates/{made['id']}"
    assert admin.ask("PATCH", path, {"tags": ["t"]}).json["snis"] == ["a.test", "b.test"]
    assert admin.ask("PATCH", "/certificates/a.test", {"snis": ["b.test", "c.test"]}).json["snis"] == [
        "b.test",
        "c.test",
    ]
    assert admin.ask("PATCH", path, form="snis[]=d.test&snis[]=b.test").json["snis"] == ["b.test", "d.test"]
    assert admin.ask("PATCH", path, {"snis": None}).json["snis"] == []
    assert names(admin) == []


def test_put_replaces_the_names(admin: Admin, pair: Pair) -> None:
    key = new_uuid()
    assert admin.ask("PUT", f"/certificates/{key}", {**pair, "snis": ["a.test"]}).json["snis"] == ["a.test"]
    assert admin.ask("PUT", f"/certificates/{key}", pair).json["snis"] == []


def test_put_by_name_keeps_the_name(admin: Admin, pair: Pair) -> None:
    fresh = admin.ask("PUT", "/certificates/new.test", {**pair, "snis": ["a.test", "new.test"]})
    assert (fresh.status, fresh.json["snis"]) == (200, ["a.test", "new.test"])
    assert is_uuid(fresh.json["id"])
    again = admin.ask("PUT", "/certificates/new.test", pair).json
    assert (again["id"], again["snis"]) == (fresh.json["id"], ["new.test"])


def test_delete_takes_the_names_along(admin: Admin, pair: Pair) -> None:
    admin.made("/certificates", {**pair, "snis": ["a.test", "b.test"]})
    assert admin.ask("DELETE", "/certificates/a.test").status == 204
    assert names(admin) == []
    assert admin.ask("DELETE", f"/certificates/{new_uuid()}").status == 204


def test_a_certificate_in_use_stays_with_its_names(admin: Admin, pair: Pair) -> None:
    made = admin.made("/certificates", {**pair, "snis": ["a.test"]})
    admin.made("/services", {"url": "https://a.b", "client_certificate": {"id": made["id"]}})
    answer = admin.ask("DELETE", f"/certificates/{made['id']}")
    assert (answer.status, answer.json["fields"]) == (400, {"@referenced_by": "services"})
    assert names(admin) == ["a.test"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/certificates/no.test"),
        ("PATCH", "/certificates/no.test"),
        ("DELETE", "/certificates/no.test"),
        ("GET", "/certificates/no.test/snis"),
        ("POST", "/certificates/no.test/snis"),
    ],
)
def test_an_unknown_name(admin: Admin, method: str, path: str) -> None:
    answer = admin.ask(method, path, {"name": "x.test"} if method == "POST" else {})
    assert (answer.status, answer.json) == (404, {"message": "SNI not found"})
    assert names(admin) == []


def test_names_below_a_certificate(admin: Admin, pair: Pair) -> None:
    made = admin.made("/certificates", {**pair, "snis": ["a.test"]})
    sni = admin.made("/certificates/a.test/snis", {"name": "b.test"})
    assert sni["certificate"] == {"id": made["id"]}
    assert admin.ask("GET", f"/certificates/{made['id']}").json["snis"] == ["a.test", "b.test"]
    assert admin.ask("GET", "/certificates/b.test/snis/b.test").json == sni
    assert admin.ask("POST", "/certificates/a.test/snis", {"name": "b.test"}).status == 409
    assert admin.ask("GET", f"/certificates/{new_uuid()}/snis").json == {"message": "Not found"}


def test_the_client_certificate_of_a_service(admin: Admin, pair: Pair) -> None:
    made = admin.made("/certificates", {**pair, "snis": ["a.test"]})
    admin.made("/services", {"name": "s", "url": "https://a.b", "client_certificate": {"id": made["id"]}})
    assert admin.ask("GET", "/services/s/client_certificate").json == made
    assert len(admin.ask("GET", "/certificates/a.test/services").json["data"]) == 1
