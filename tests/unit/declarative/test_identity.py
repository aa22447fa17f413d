"""Deterministic ids (admin-api.md 3.3): every vector of the reference, and what gets an id by chance."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.declarative.conftest import Loads, certificate_pair

FOO = "2933fbcc-9d7c-54a7-a984-fe2bde836cea"
BOB = "def4f7d3-9863-5ad2-8fa9-c949bf26f55e"
U1 = "0e7a237a-6645-50cc-8e6d-514947af04b9"
JWK = '{"kid": "k1", "kty": "oct", "k": "c2VjcmV0"}'

SERVICE = {"name": "foo", "host": "example.test"}
VECTORS: list[tuple[str, dict[str, Any], str]] = [
    ("services", {"services": [SERVICE]}, FOO),
    ("services", {"services": [{"name": "my-service", "host": "a"}]}, "0855b320-0dd2-547d-891d-601e9b38647f"),
    ("routes", {"routes": [{"name": "bar", "paths": ["/"]}]}, "ca257182-105b-55e7-848e-fa474e46c71f"),
    ("routes", {"routes": [{"name": "my-route", "paths": ["/"]}]}, "481a9539-f49c-51b6-b2e2-fe99ee68866c"),
    ("consumers", {"consumers": [{"username": "bob"}]}, BOB),
    ("consumers", {"consumers": [{"username": "my-user"}]}, "4b1b701d-de2b-5588-9aa2-3b97061d9f52"),
    ("upstreams", {"upstreams": [{"name": "u1"}]}, U1),
    (
        "targets",
        {"upstreams": [{"name": "u1", "targets": [{"target": "10.0.0.1:80"}]}]},
        "74258294-daab-5fa4-8dfc-a1924791d090",
    ),
    ("plugins", {"plugins": [{"name": "key-auth"}]}, "6b4f38d1-e026-540b-a5ea-8634739dd2a7"),
    (
        "plugins",
        {"services": [{**SERVICE, "plugins": [{"name": "key-auth"}]}]},
        "b2cdd8d5-dac6-58f5-acc5-95122a2602f5",
    ),
    (
        "plugins",
        {"services": [SERVICE], "plugins": [{"name": "key-auth", "service": "foo"}]},
        "cdcd7dc0-f6f8-5106-b5a0-73f59a504200",
    ),
    (
        "acls",
        {"consumers": [{"username": "bob", "acls": [{"group": "admins"}]}]},
        "8ade445c-0252-594c-a367-aa54341b912c",
    ),
    (
        "basicauth_credentials",
        {"consumers": [{"username": "bob", "basicauth_credentials": [{"username": "bob1", "password": "x"}]}]},
        "b8902f53-0813-586d-b21e-abe9108f6cf0",
    ),
    ("vaults", {"vaults": [{"prefix": "my-env", "name": "env"}]}, "3dc3bf8d-e9b4-576c-af74-01619966a0d0"),
    ("keys", {"keys": [{"kid": "k1", "jwk": JWK}]}, "42d78fc9-f8c7-598b-bcb3-cc7c3333b7c8"),
]


@pytest.mark.parametrize(("entity", "document", "expected"), VECTORS)
def test_vector(loads: Loads, entity: str, document: dict[str, Any], expected: str) -> None:
    declared = loads(**document)

    assert list(declared.records[entity]) == [expected]
    assert declared.origin(entity, expected) == "derived"


BY_CHANCE: list[tuple[str, dict[str, Any]]] = [
    ("services", {"services": [{"host": "a"}]}),
    ("routes", {"routes": [{"paths": ["/"]}]}),
    ("consumers", {"consumers": [{"custom_id": "c"}]}),
    ("keyauth_credentials", {"consumers": [{"username": "bob", "keyauth_credentials": [{"key": "k"}]}]}),
    ("jwt_secrets", {"consumers": [{"username": "bob", "jwt_secrets": [{"key": "k"}]}]}),
    (
        "oauth2_credentials",
        {"consumers": [{"username": "bob", "oauth2_credentials": [{"name": "n", "client_id": "i"}]}]},
    ),
    ("plugins", {"routes": [{"paths": ["/"], "plugins": [{"name": "key-auth"}]}]}),
]


@pytest.mark.parametrize(("entity", "document"), BY_CHANCE)
def test_ids_by_chance_differ_from_load_to_load(loads: Loads, entity: str, document: dict[str, Any]) -> None:
    first, second = loads(**document), loads(**document)

    assert list(first.records[entity]) != list(second.records[entity])
    assert first.origin(entity, next(iter(first.records[entity]))) == "random"


def test_given_ids_are_kept_in_lower_case_and_make_children_deterministic(loads: Loads) -> None:
    key = "AAAAAAAA-0000-4000-8000-000000000001"
    document = {"services": [{"id": key, "host": "a", "plugins": [{"name": "cors"}]}]}

    declared = loads(**document)

    assert list(declared.records["services"]) == [key.lower()]
    assert declared.origin("services", key.lower()) == "given"
    assert declared.records["plugins"] == loads(**document).records["plugins"]


def test_a_name_stays_a_name_in_the_key_and_an_object_gives_no_part(loads: Loads) -> None:
    by_name = loads(services=[SERVICE], plugins=[{"name": "cors", "service": "foo"}])
    by_id = loads(services=[SERVICE], plugins=[{"name": "cors", "service": FOO}])
    by_object = loads(services=[SERVICE], plugins=[{"name": "cors", "service": {"id": FOO}}])

    keys = {next(iter(each.records["plugins"])) for each in (by_name, by_id, by_object)}
    services = {next(iter(each.records["plugins"].values()))["service"]["id"] for each in (by_name, by_id, by_object)}
    assert len(keys) == 3
    assert services == {FOO}


def test_snis_below_certificates_have_the_ids_of_their_names(loads: Loads) -> None:
    """Later than the reference's 3.8.1, which gives them an id by chance (admin-api.md 6, 21)."""
    cert, key = certificate_pair()
    document = {"certificates": [{"cert": cert, "key": key, "snis": [{"name": "a.test"}]}]}

    assert list(loads(**document).records["snis"]) == list(loads(**document).records["snis"])
