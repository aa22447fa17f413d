"""Certificates, names and authorities (acceptance lists 06-certificates_routes and 16-ca_certificates)."""

from __future__ import annotations

from typing import Any

import pytest

from gwctl.kit.ids import new_uuid
from tests.integration.admin.conftest import Admin
from tests.integration.admin.encodings import ALL, ask_as
from tests.integration.admin.pems import alternative, authority, pair

NOT_FOUND = {"message": "Not found"}
NO_SNI = {"message": "SNI not found"}
SAME_TYPE = (
    "certificate and alternative certificate need to have different type (e.g. RSA and ECDSA), the provided "
    "certificates were both of the same type"
)
NOTHING = "2 schema violations (cert: required field missing; key: required field missing)"


def names(admin: Admin) -> list[str]:
    return sorted(each["name"] for each in admin.ask("GET", "/snis?size=1000").json["data"])


def test_lists_hold_the_names(admin: Admin) -> None:
    many = [f"n{number}.test" for number in range(150)]
    made = admin.made("/certificates", {**pair(), "snis": many})
    (listed,) = admin.ask("GET", "/certificates").json["data"]
    assert listed["snis"] == made["snis"] == sorted(many)
    assert (listed["cert_alt"], listed["key_alt"]) == (None, None)


@pytest.mark.parametrize("encoding", ALL)
def test_names_that_cannot_be(admin: Admin, encoding: str) -> None:
    admin.made("/certificates", {**pair(), "snis": ["taken.test"]})
    twice = ask_as(admin, encoding, "POST", "/certificates", {**pair(), "snis": ["a.test", "b.test", "a.test"]})
    assert (twice.status, twice.json["message"]) == (400, "schema violation (snis: a.test is duplicated)")
    taken = ask_as(admin, encoding, "POST", "/certificates", {**pair(), "snis": ["b.test", "taken.test"]})
    assert taken.status == 400
    assert "snis: taken.test already associated with existing certificate" in taken.json["message"]
    assert names(admin) == ["taken.test"]
    assert len(admin.ask("GET", "/certificates").json["data"]) == 1


@pytest.mark.parametrize("encoding", ALL)
def test_create(admin: Admin, encoding: str) -> None:
    made = ask_as(admin, encoding, "POST", "/certificates", {**pair(), "snis": ["foo.test", "bar.test"]})
    assert (made.status, made.json["snis"]) == (201, ["bar.test", "foo.test"])
    bare = ask_as(admin, encoding, "POST", "/certificates", pair())
    assert (bare.status, b'"snis":[]' in bare.data) == (201, True)
    valid = ask_as(admin, encoding, "POST", "/schemas/certificates/validate", {**pair(), "snis": ["x.test"]})
    assert valid.status == 200


def test_get(admin: Admin) -> None:
    made = admin.made("/certificates", {**pair("ec"), **alternative("rsa"), "snis": ["foo.test", "bar.test"]})
    for key in (made["id"], "foo.test", "bar.test"):
        assert admin.ask("GET", f"/certificates/{key}").json == made
    assert made["cert_alt"] == alternative("rsa")["cert_alt"]
    assert admin.ask("GET", f"/certificates/{new_uuid()}").json == NOT_FOUND
    assert admin.ask("GET", "/certificates/nope.test").json == NO_SNI


@pytest.mark.parametrize("encoding", ALL)
def test_put(admin: Admin, encoding: str) -> None:
    key = new_uuid()
    made = ask_as(admin, encoding, "PUT", f"/certificates/{key}", {**pair(), "snis": ["a.test"]})
    assert (made.status, made.json["id"], made.json["snis"]) == (200, key, ["a.test"])
    fresh = ask_as(admin, encoding, "PUT", "/certificates/new.test", {**pair(), "snis": ["z.test", "new.test"]}).json
    assert fresh["snis"] == ["new.test", "z.test"]
    merged = ask_as(admin, encoding, "PUT", "/certificates/new.test", {**pair(number=1), "snis": ["b.test"]}).json
    assert (merged["id"], merged["snis"], merged["cert"]) == (
        fresh["id"],
        ["b.test", "new.test"],
        pair(number=1)["cert"],
    )
    both = ask_as(admin, encoding, "PUT", f"/certificates/{key}", {**pair(), **alternative("rsa")}).json
    assert (both["snis"], both["key_alt"]) == ([], alternative("rsa")["key_alt"])
    assert both["updated_at"] >= made.json["updated_at"]
    assert names(admin) == ["b.test", "new.test"]


def test_pairs_that_do_not_fit(admin: Admin) -> None:
    path = f"/certificates/{new_uuid()}"
    empty = admin.ask("PUT", path, {})
    assert (empty.status, empty.json["message"]) == (400, NOTHING)
    other = alternative("rsa", 1)
    alt_alone = {"cert_alt": other["cert_alt"]}
    crossed = {"cert_alt": other["cert_alt"], "key_alt": alternative("rsa")["key_alt"]}
    cases: list[tuple[dict[str, Any], str]] = [
        ({**pair(), **alt_alone}, "all or none of these fields must be set: 'cert_alt', 'key_alt'"),
        ({"cert": pair()["cert"], "key": pair(number=1)["key"]}, "certificate does not match key"),
        ({**pair(), **crossed}, "alternative certificate does not match key"),
        ({**pair("ec"), **alternative("ec", 1)}, SAME_TYPE),
    ]
    for values, text in cases:
        answer = admin.ask("PUT", path, values)
        assert (answer.status, answer.json["fields"].get("@entity")) == (400, [text])
    assert admin.ask("GET", "/certificates").json["data"] == []


@pytest.mark.parametrize("encoding", ALL)
def test_patch(admin: Admin, encoding: str) -> None:
    made = admin.made("/certificates", {**pair(), "snis": ["a.test", "b.test"]})
    admin.made("/certificates", {**pair(), "snis": ["taken.test"]})
    for key in (made["id"], "a.test"):
        before = admin.ask("GET", f"/certificates/{key}").json
        same = ask_as(admin, encoding, "PATCH", f"/certificates/{key}", {})
        assert (same.status, same.json) == (200, {**before, "updated_at": same.json["updated_at"]})
        replaced = ask_as(admin, encoding, "PATCH", f"/certificates/{key}", {"snis": ["a.test", "c.test"]}).json
        assert (replaced["id"], replaced["snis"]) == (made["id"], ["a.test", "c.test"])
        kept = ask_as(admin, encoding, "PATCH", f"/certificates/{key}", pair(number=1)).json
        assert (kept["snis"], kept["cert"]) == (["a.test", "c.test"], pair(number=1)["cert"])
    twice = ask_as(admin, encoding, "PATCH", "/certificates/a.test", {"snis": ["x.test", "x.test"]})
    assert twice.json["message"] == "schema violation (snis: x.test is duplicated)"
    foreign = ask_as(admin, encoding, "PATCH", "/certificates/a.test", {"snis": ["taken.test"]})
    owner = admin.ask("GET", "/certificates/taken.test").json["id"]
    assert foreign.json["message"].endswith(f"existing certificate '{owner}')")
    none = ask_as(admin, encoding, "PATCH", "/certificates/a.test", {"snis": None}).json
    assert none["snis"] == []
    unknown = ask_as(admin, encoding, "PATCH", f"/certificates/{new_uuid()}", {"snis": ["new.test"]})
    assert (unknown.status, names(admin)) == (404, ["taken.test"])


def test_delete(admin: Admin) -> None:
    for by_name in (False, True):
        made = admin.made("/certificates", {**pair(), "snis": ["a.test", "b.test"]})
        assert admin.ask("DELETE", f"/certificates/{'b.test' if by_name else made['id']}").status == 204
        assert names(admin) == []
        assert admin.ask("GET", f"/certificates/{made['id']}").status == 404


@pytest.mark.parametrize("encoding", ALL)
def test_names_below_a_certificate(admin: Admin, encoding: str) -> None:
    made = admin.made("/certificates", {**pair(), "snis": ["a.test"]})
    for number, key in enumerate((made["id"], "a.test")):
        path = f"/certificates/{key}/snis"
        sni = ask_as(admin, encoding, "POST", path, {"name": f"n{number}.test"})
        assert (sni.status, sni.json["certificate"]) == (201, {"id": made["id"]})
        again = ask_as(admin, encoding, "POST", path, {"name": f"n{number}.test"})
        assert (again.status, again.json["fields"]) == (409, {"name": f"n{number}.test"})
    listed = admin.ask("GET", "/certificates/a.test/snis").json["data"]
    assert sorted(each["name"] for each in listed) == ["a.test", "n0.test", "n1.test"]
    unknown = ask_as(admin, encoding, "POST", f"/certificates/{new_uuid()}/snis", {"name": "b.test"})
    assert (unknown.status, unknown.json) == (404, NOT_FOUND)


def test_names(admin: Admin) -> None:
    one, two = (admin.made("/certificates", pair(number=number))["id"] for number in (0, 1))
    for name in ("*.wild.test", "wild.*"):
        made = admin.made("/snis", {"name": name, "certificate": {"id": one}})
        for key in (made["id"], name.replace("*", "%2A")):
            assert admin.ask("GET", f"/snis/{key}").json == made
    bad = admin.ask("POST", "/snis", {"name": "*.wildcard.*", "certificate": {"id": one}})
    assert (bad.status, bad.json["fields"]) == (400, {"name": "only one wildcard must be specified"})
    key = new_uuid()
    put = admin.ask("PUT", f"/snis/{key}", {"name": "put.test", "certificate": {"id": one}})
    assert (put.status, put.json["id"]) == (200, key)
    assert (
        admin.ask("PUT", f"/snis/{key}", {"name": "put2.test", "certificate": {"id": one}}).json["name"] == "put2.test"
    )
    empty = admin.ask("PUT", f"/snis/{key}", {})
    assert empty.json["message"] == (
        "2 schema violations (certificate: required field missing; name: required field missing)"
    )
    moved = admin.ask("PATCH", "/snis/put2.test", {"certificate": {"id": two}})
    assert (moved.status, moved.json["certificate"]) == (200, {"id": two})
    assert admin.ask("GET", f"/certificates/{one}").json["snis"] == ["*.wild.test", "wild.*"]
    assert admin.ask("GET", f"/certificates/{two}").json["snis"] == ["put2.test"]
    assert admin.ask("DELETE", "/snis/put2.test").status == 204
    assert admin.ask("GET", f"/snis/{key}").json == NOT_FOUND


def test_authorities(admin: Admin) -> None:
    made = admin.made("/ca_certificates", {"cert": authority()})
    assert admin.ask("GET", "/ca_certificates").json == {"data": [made], "next": None}
    path = f"/ca_certificates/{made['id']}"
    empty = admin.ask("POST", "/ca_certificates", {})
    assert (empty.status, empty.json["message"]) == (400, "schema violation (cert: required field missing)")
    for cert, text in (
        (pair()["cert"], 'certificate does not appear to be a CA because it is missing the "CA" basic constraint'),
        (authority(1, days=-1), 'certificate expired, "Not After" time is in the past'),
        (authority() + authority(2), "please submit only one certificate at a time"),
    ):
        for method, where in (("POST", "/ca_certificates"), ("PATCH", path), ("PUT", path)):
            answer = admin.ask(method, where, {"cert": cert})
            assert (answer.status, answer.json["message"]) == (400, f"schema violation ({text})"), method
    service = admin.made("/services", {"url": "https://a.b", "ca_certificates": [made["id"]]})
    used = admin.ask("DELETE", path)
    text = f"ca certificate {made['id']} is still referenced by services (id = {service['id']})"
    assert (used.status, used.json) == (400, {"code": 19, "name": "referenced by others", "message": text})
    assert admin.ask("DELETE", f"/services/{service['id']}").status == 204
    patched = admin.ask("PATCH", path, {"cert": authority(3)})
    assert (patched.status, patched.json["updated_at"] >= made["updated_at"]) == (200, True)
    assert patched.json["cert_digest"] != made["cert_digest"]
    key = new_uuid()
    for number in (4, 5):
        put = admin.ask("PUT", f"/ca_certificates/{key}", {"cert": authority(number)})
        assert (put.status, put.json["id"]) == (200, key)
    assert admin.ask("POST", "/ca_certificates", {"cert": authority(5)}).status == 409
    assert admin.ask("DELETE", path).status == 204
