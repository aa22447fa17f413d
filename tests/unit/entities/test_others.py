"""Consumers, plugins, targets, certificates, snis, data planes, parameters and tags."""

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gwctl.entities import core_catalog
from gwctl.schema import EntityError

CATALOG = core_catalog()
ID = "e8c8921f-0000-4000-8000-000000000000"


def insert(entity, **values):
    return CATALOG[entity].prepare_insert(values, now=1700000000.1234)


def errors(entity, *, updating=False, **values):
    return CATALOG[entity].validate(insert(entity, **values), updating=updating)


def message(entity, **values):
    with pytest.raises(EntityError) as caught:
        CATALOG[entity].check(insert(entity, **values))
    return caught.value.message


def test_consumers_need_a_name():
    text = "at least one of these fields must be non-empty: 'custom_id', 'username'"
    assert message("consumers") == f"schema violation ({text})"
    assert errors("consumers", updating=True) == {"@entity": [f"when updating, {text}"]}
    assert errors("consumers", username="a name with spaces ø") == {}
    assert errors("consumers", custom_id="1") == {}


def test_plugins_take_any_name_and_any_config_object():
    record = insert("plugins", name="key-auth", config={"key_names": ["a"], "n": {"x": None}})
    assert CATALOG["plugins"].validate(record) == {}
    assert record["protocols"] == ["grpc", "grpcs", "http", "https"]
    assert (record["enabled"], record["service"], record["instance_name"]) == (True, None, None)
    assert message("plugins") == "schema violation (name: required field missing)"
    assert message("plugins", name="x", config="bar") == "schema violation (config: expected a record)"
    assert message("plugins", name="x", foo=1) == "schema violation (foo: unknown field)"


def test_the_config_of_a_plugin_is_merged_by_an_update():
    old = insert("plugins", name="x", config={"a": {"b": 1, "c": [1]}, "d": 1})
    record = CATALOG["plugins"].prepare_update({"config": {"a": {"c": [2]}}}, now=1, existing=old)
    assert record["config"] == {"a": {"b": 1, "c": [2]}, "d": 1}


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("valid.name", "valid.name:8000"),
        ("valid.name:80", "valid.name:80"),
        ("1.2.3.4", "1.2.3.4:8000"),
        ("1.2.3.4:80", "1.2.3.4:80"),
        ("::1", "[0000:0000:0000:0000:0000:0000:0000:0001]:8000"),
        ("[2001:DB8::1]:80", "[2001:0db8:0000:0000:0000:0000:0000:0001]:80"),
    ],
)
def test_targets_are_stored_in_canonical_form(given, stored):
    record = insert("targets", target=given, upstream={"id": ID})
    assert record["target"] == stored
    assert CATALOG["targets"].validate(record) == {}
    assert CATALOG["targets"].canonical_value("target", given) == stored
    assert CATALOG["targets"].canonical_value("target", stored) == stored
    assert (record["created_at"], record["weight"]) == (1700000000.123, 100)


def test_unreadable_targets():
    targets = CATALOG["targets"]
    with pytest.raises(EntityError) as caught:
        insert("targets", target="a b", weight=70000)
    assert caught.value.message == "schema violation (target: Invalid target; not a valid hostname or ip address)"
    record = targets.prepare_insert({"target": "a b", "upstream": {"id": ID}}, now=1, canonical=False)
    assert targets.validate(record) == {"target": "Invalid target ('a b'); not a valid hostname or ip address"}
    assert message("targets", weight=0, upstream={"id": ID}) == "schema violation (target: required field missing)"
    assert errors("targets", target="a", weight=65536, upstream={"id": ID}) == {
        "weight": "value should be between 0 and 65535"
    }
    assert errors("targets", target="a") == {"upstream": "required field missing"}


def pair(key, algorithm):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return builder.sign(key, algorithm).public_bytes(Encoding.PEM).decode(), private


CERT, KEY = pair(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
CERT2, KEY2 = pair(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
OTHER_CERT, OTHER_KEY = pair(ed25519.Ed25519PrivateKey.generate(), None)
SAME_TYPE = (
    "certificate and alternative certificate need to have different type (e.g. RSA and ECDSA), "
    "the provided certificates were both of the same type"
)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"cert": CERT, "key": KEY}, {}),
        ({"cert": CERT, "key": KEY, "cert_alt": OTHER_CERT, "key_alt": OTHER_KEY}, {}),
        ({"cert": CERT, "key": KEY2}, {"@entity": ["certificate does not match key"]}),
        (
            {"cert": CERT, "key": KEY, "cert_alt": OTHER_CERT},
            {"@entity": ["all or none of these fields must be set: 'cert_alt', 'key_alt'"]},
        ),
        (
            {"cert": CERT, "key": KEY, "cert_alt": OTHER_CERT, "key_alt": KEY},
            {"@entity": ["alternative certificate does not match key"]},
        ),
        ({"cert": CERT, "key": KEY, "cert_alt": CERT2, "key_alt": KEY2}, {"@entity": [SAME_TYPE]}),
        (
            {"cert": "x", "key": "y"},
            {
                "cert": "invalid certificate: PEM routines::no start line",
                "key": "invalid key: PEM routines::no start line",
            },
        ),
        ({"cert": "{vault://env/cert}", "key": "{vault://env/key}"}, {}),
        ({"cert": CERT, "key": "{vault://env/key}"}, {}),
    ],
)
def test_certificates(values, expected):
    assert errors("certificates", **values) == expected


def test_an_empty_certificate():
    assert message("certificates") == "2 schema violations (cert: required field missing; key: required field missing)"


def test_the_server_names_of_a_certificate_belong_to_requests_only():
    certificates = CATALOG["certificates"]
    assert "snis" in certificates.virtual
    assert "snis" not in insert("certificates", cert=CERT, key=KEY)
    record = insert("certificates", cert=CERT, key=KEY, snis=["*.a.test", "b.test"])
    assert record["snis"] == ["*.a.test", "b.test"]
    assert certificates.validate(record) == {}
    assert message("certificates", cert=CERT, key=KEY, snis=["120.0.9.32:90"]) == (
        "schema violation (snis.1: must not be an IP)"
    )
    assert certificates.decode_form([("snis[]", "a"), ("snis[]", "b")]) == {"snis": ["a", "b"]}


def test_snis():
    assert message("snis") == "2 schema violations (certificate: required field missing; name: required field missing)"
    assert errors("snis", name="*.wildcard.*", certificate={"id": ID}) == {
        "name": "only one wildcard must be specified"
    }
    assert errors("snis", name="*", certificate={"id": ID}) == {}


DATA_PLANE = {"ip": "127.0.0.1", "hostname": "node-1", "id": ID}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, {}),
        ({"ip": None, "hostname": None}, {"ip": "required field missing", "hostname": "required field missing"}),
        ({"hostname": "!"}, {"hostname": "invalid value: !"}),
        ({"ip": "aabbccdd"}, {"ip": "not an ip address: aabbccdd"}),
        ({"config_hash": "aaa"}, {"config_hash": "length must be 32"}),
        (
            {"sync_status": "aaa"},
            {
                "sync_status": "expected one of: unknown, normal, kong_version_incompatible, plugin_set_incompatible, "
                "plugin_version_incompatible, filter_set_incompatible"
            },
        ),
        (
            {
                "config_hash": "0" * 32,
                "version": "3.8.1",
                "labels": {"deployment": "local"},
                "cert_details": {"expiry_timestamp": 1897136778},
                "gwctl_version": "0.1.0",
                "applied_version": 3,
                "last_error": {"entity": "routes", "message": "bad"},
                "rpc_capabilities": ["a"],
                "last_seen": 1,
                "ttl": 5,
            },
            {},
        ),
    ],
)
def test_data_planes(values, expected):
    assert errors("clustering_data_planes", **{**DATA_PLANE, **values}) == expected


def test_a_data_plane_begins_unknown_and_has_no_tags():
    record = insert("clustering_data_planes", **DATA_PLANE)
    assert (record["sync_status"], record["labels"], record["cert_details"]) == ("unknown", None, None)
    assert "tags" not in record


def test_parameters_are_addressed_by_their_key():
    parameters = CATALOG["parameters"]
    record = insert("parameters", key="cluster_id", value="x")
    assert parameters.key_of(record) == "cluster_id"
    assert parameters.validate(record) == {}
    assert tuple(record) == ("key", "value", "created_at")
