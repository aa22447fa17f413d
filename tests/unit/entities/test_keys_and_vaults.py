"""Keys, key sets, vaults, authorities, workspaces, credentials: their own rules (admin-api.md 1.6, 1.8-1.10)."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gwctl.entities.catalog import core_catalog
from gwctl.kit.jwk import is_loadable
from gwctl.schema import EntityError
from tests.tools.pem import key_pair

CATALOG = core_catalog()
ID = "e8c8921f-0000-4000-8000-000000000000"
CONSUMER = {"consumer": {"id": ID}}
RSA = {"kty": "RSA", "e": "AQAB", "n": "w" * 342}
PRIVATE, PUBLIC = key_pair()


def errors(entity, **values):
    return CATALOG[entity].validate(CATALOG[entity].prepare_insert(values, now=1700000000))


def message(entity, **values):
    with pytest.raises(EntityError) as caught:
        CATALOG[entity].check(CATALOG[entity].prepare_insert(values, now=1700000000))
    return caught.value.message


def b64(number, length):
    import base64

    return base64.urlsafe_b64encode(number.to_bytes(length, "big")).decode().rstrip("=")


def ec_jwk(**more):
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    public = numbers.public_numbers
    return {"kty": "EC", "crv": "P-256", "x": b64(public.x, 32), "y": b64(public.y, 32), **more}, b64(
        numbers.private_value, 32
    )


def rsa_jwk():
    numbers = rsa.generate_private_key(65537, 2048).private_numbers()
    public = numbers.public_numbers
    public_part = {"kty": "RSA", "n": b64(public.n, 256), "e": b64(public.e, 3)}
    private = {"d": b64(numbers.d, 256)}
    return public_part, private, {"p": b64(numbers.p, 128), "q": b64(numbers.q, 128)}


def test_json_web_keys_that_load():
    public, d = ec_jwk()
    assert is_loadable(public)
    assert is_loadable({**public, "d": d})
    rsa_public, rsa_private, primes = rsa_jwk()
    assert is_loadable(rsa_public)
    assert is_loadable({**rsa_public, **rsa_private})
    assert is_loadable({**rsa_public, **rsa_private, **primes})
    raw = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert is_loadable({"kty": "OKP", "crv": "Ed25519", "x": b64(int.from_bytes(raw, "big"), 32)})
    assert is_loadable({"kty": "oct", "k": "c2VjcmV0"})


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "nope"},
        {"kty": "RSA"},
        {"kty": "RSA", "n": "!", "e": "AQAB"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-1", "x": "AA", "y": "AA"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        {"kty": "oct", "k": ""},
        {"kty": "oct"},
        {"kty": 5},
        {"kty": "RSA", "n": 5, "e": []},
        {"kty": "oct", "k": "ø"},
    ],
)
def test_json_web_keys_that_do_not(jwk):
    assert not is_loadable(jwk)


def test_keys():
    jwk, _ = ec_jwk(kid="1", alg="ES256", key_ops=["verify"])
    assert errors("keys", kid="1", jwk=json.dumps(jwk)) == {}
    assert errors("keys", kid="1", pem={"public_key": PUBLIC, "private_key": PRIVATE}) == {}
    assert errors("keys", kid="1", pem={"public_key": PUBLIC}) == {}
    assert errors("keys", kid="1", pem={"public_key": "{vault://env/a}", "private_key": "{vault://env/b}"}) == {}
    assert errors("keys", kid="1", jwk="{vault://env/key}") == {}


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, {"@entity": ["at least one of these fields must be non-empty: 'pem', 'jwk'"]}),
        ({"kid": None, "jwk": "{vault://env/a}"}, {"kid": "required field missing"}),
        ({"jwk": "not json"}, {"@entity": ["could not json decode jwk string"]}),
        ({"jwk": "[]"}, {"@entity": ["could not json decode jwk string"]}),
        ({"jwk": '{"kid": "2"}'}, {"@entity": ["kid in jwk.kid must be equal to keys.kid"]}),
        ({"jwk": '{"kid": "1"}'}, {"@entity": ["could not load JWK, likely not a valid key"]}),
        ({"jwk": '{"kid": "1", "foo": 1}'}, {"jwk": {"foo": "unknown field"}}),
        ({"jwk": '{"kty": "RSA"}'}, {"jwk": {"kid": "required field missing"}}),
        ({"jwk": '{"kid": 1, "x5c": "a"}'}, {"jwk": {"kid": "expected a string", "x5c": "expected an array"}}),
        ({"pem": {}}, {"@entity": ["need to supply a PEM formatted public and/or private key."]}),
        (
            {"pem": {"public_key": "x", "private_key": "y"}},
            {
                "pem": {
                    "public_key": "could not load public key: PEM routines::no start line",
                    "private_key": "could not load private key: PEM routines::no start line",
                }
            },
        ),
        (
            {"pem": {"public_key": key_pair()[1], "private_key": PRIVATE}},
            {"pem": "public key does not match private key"},
        ),
    ],
)
def test_keys_that_are_refused(values, found):
    assert errors("keys", **{"kid": "1", **values}) == found


def test_a_key_is_one_thing_only():
    assert errors("keys", kid="1", jwk="{vault://env/a}", pem={"public_key": PUBLIC}) == {
        "@entity": ["only one or none of these fields must be set: 'pem', 'jwk'"]
    }
    assert message("keys", kid="36", jwk='{"kid": "36"}') == (
        "schema violation (could not load JWK, likely not a valid key)"
    )


def test_vaults():
    vaults = CATALOG["vaults"]
    for prefix in ("secrets_", "secrets-", "_x", "-x", "x1"):
        record = vaults.prepare_insert({"prefix": "my-env", "name": "env", "config": {"prefix": prefix}}, now=1)
        assert vaults.validate(record) == {}
    assert vaults.prepare_insert({"prefix": "my-env", "name": "env"}, now=1)["config"] == {"prefix": None}
    changed = vaults.prepare_update({"config": {"prefix": "b"}}, now=1, existing=record)
    assert (changed["config"], changed["prefix"]) == ({"prefix": "b"}, "my-env")


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"name": None}, {"name": "required field missing"}),
        ({"name": "gcp"}, {"name": "vault 'gcp' is not installed"}),
        ({"prefix": "env"}, {"prefix": "must not be one of: env"}),
        ({"prefix": None}, {"prefix": "required field missing"}),
        *(({"prefix": bad}, {"prefix": f"invalid value: {bad}"}) for bad in ("a", "1a", "a_b", "ab-", "Ab", "-a")),
        ({"config": {"prefix": "1x"}}, {"config": {"prefix": "invalid value: 1x"}}),
        ({"config": {"x": 1}}, {"config": {"x": "unknown field"}}),
        ({"config": "x"}, {"config": "expected a record"}),
    ],
)
def test_vaults_that_are_refused(values, found):
    assert errors("vaults", **{"prefix": "my-env", "name": "env", **values}) == found


def test_the_prefix_of_a_vault_in_an_address():
    assert CATALOG["vaults"].validate_field("prefix", "env") == "must not be one of: env"
    described = CATALOG.vault_schema_description("env")
    assert described["fields"][0]["config"]["fields"][0]["prefix"]["type"] == "string"
    with pytest.raises(KeyError):
        CATALOG.vault_schema_description("hcv")


UTF8 = ["円", "Konbini", "😀", "a.b-c_d~1"]


@pytest.mark.parametrize("name", UTF8)
def test_names_of_consumers_and_workspaces(name):
    assert errors("consumers", username=name) == {}
    assert errors("workspaces", name=name) == {}


@pytest.mark.parametrize("name", ["a:b", "a;b", "a/b", "a b", " "])
def test_names_that_no_workspace_has(name):
    assert errors("workspaces", name=name) == {
        "name": f"invalid value '{name}': the only accepted ascii characters are alphanumerics or ., -, _, and ~"
    }


def test_names_of_entities_are_not_those_of_workspaces():
    reserved = (
        "workspaces, consumers, certificates, services, routes, snis, upstreams, targets, plugins, tags, "
        "ca_certificates, clustering_data_planes, parameters, vaults, key_sets, keys, filter_chains"
    )
    for name in reserved.split(", "):
        assert errors("workspaces", name=name) == {"name": f"must not be one of: {reserved}"}
    assert errors("workspaces", name="ab\udcffc") == {"name": "invalid utf-8 character sequence detected at position 3"}


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"])
def test_tokens_signed_with_a_private_key_need_the_public_one(algorithm):
    condition = ["failed conditional validation given value of field 'algorithm'"]
    assert errors("jwt_secrets", **CONSUMER, algorithm=algorithm) == {
        "rsa_public_key": "required field missing",
        "@entity": condition,
    }
    assert errors("jwt_secrets", **CONSUMER, algorithm=algorithm, rsa_public_key="x") == {
        "rsa_public_key": "invalid key",
        "@entity": condition,
    }
    assert errors("jwt_secrets", **CONSUMER, algorithm=algorithm, rsa_public_key=PUBLIC) == {}


def test_other_tokens_need_none():
    for algorithm in ("HS256", "HS512", "ES256", "ES512"):
        assert errors("jwt_secrets", **CONSUMER, algorithm=algorithm) == {}
    assert errors("jwt_secrets", **CONSUMER, algorithm="none") == {
        "algorithm": "expected one of: HS256, HS384, HS512, RS256, RS384, RS512, ES256, ES384, ES512, PS256, PS384, "
        "PS512, EdDSA"
    }


def test_addresses_to_go_back_to():
    def uris(*texts):
        return errors("oauth2_credentials", **CONSUMER, name="n", redirect_uris=list(texts))

    assert uris("https://a.test/b", "http://localhost:8080") == {}
    assert uris("not a url", "https://a.test/#x") == {
        "redirect_uris": ["cannot parse 'not a url'", "fragment not allowed in 'https://a.test/#x'"]
    }
    assert errors("oauth2_credentials", **CONSUMER) == {"name": "required field missing"}
    assert errors("oauth2_tokens", credential={"id": ID}, token_type="mac") == {
        "expires_in": "required field missing",
        "token_type": "expected one of: bearer",
    }


def test_filter_chains_are_refused_as_long_as_no_filter_runs():
    assert "filters" in errors("filter_chains", service={"id": ID}, filters=[{"name": "x"}])
    assert errors("filter_chains", service={"id": ID}, filters=[]) == {"filters": "length must be at least 1"}
    found = errors("filter_chains", service={"id": ID}, route={"id": ID}, filters=[])
    assert found["@entity"] == ["only one or none of these fields must be set: 'service', 'route'"]
    assert errors("filter_chains", filters=[])["@entity"] == [
        "at least one of these fields must be non-empty: 'service', 'route'"
    ]
