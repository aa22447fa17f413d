"""The configuration of acme (plugins-auth-traffic.md 3.12, 6.12)."""

import pytest

from gwctl.sdk import NodeFacts
from tests.tools.plugins import changed, created, errors_of, plugin_entity, shown

EMAIL = {"account_email": "admin@example.com"}
REDIS = {
    "host": None, "port": 6379, "timeout": 2000, "username": None, "password": None, "database": 0, "ssl": False,
    "ssl_verify": False, "server_name": None, "extra_options": {"namespace": "", "scan_count": 10},
}  # fmt: skip
OLD_REDIS = {"auth": None, "ssl_server_name": None, "namespace": "", "scan_count": 10}
CONSUL = {"https": False, "host": None, "port": None, "kv_path": None, "timeout": None, "token": None}
STORAGE = {
    "shm": {"shm_name": "kong"},
    "kong": {},
    "redis": REDIS,
    "consul": CONSUL,
    "vault": {
        **CONSUL, "tls_verify": True, "tls_server_name": None, "auth_method": "token", "auth_path": None,
        "auth_role": None, "jwt_path": None,
    },
}  # fmt: skip
WHOLE = {
    **EMAIL, "account_key": None, "api_uri": "https://acme-v02.api.letsencrypt.org/directory", "tos_accepted": False,
    "eab_kid": None, "eab_hmac_key": None, "cert_type": "rsa", "rsa_key_size": 4096, "renew_threshold_days": 14,
    "domains": None, "allow_any_domain": False, "fail_backoff_minutes": 5, "storage": "shm",
    "storage_config": STORAGE, "preferred_chain": None, "enable_ipv4_common_name": True,
}  # fmt: skip

TERMS = {
    "@entity": ["terms of service must be accepted, see https://letsencrypt.org/repository/"],
    "config": {"tos_accepted": "value must be true"},
}
MISSING = "required field missing"


def inside(**errors):
    return {"config": errors}


def redis(**values):
    return {**EMAIL, "storage": "redis", "storage_config": {"redis": values}}


def reserved(word):
    return f"namespace can't be prefixed with reserved word: {word}"


REFUSED = {
    "no account": ({}, inside(account_email=MISSING)),
    "AM-26": ({"account_email": "notaemail"}, inside(account_email="invalid value: notaemail")),
    "AM-27": ({**EMAIL, "api_uri": "https://acme-staging-v02.api.letsencrypt.org"}, TERMS),
    "AM-28": ({**EMAIL, "api_uri": "https://acme-v02.api.letsencrypt.org"}, TERMS),
    "a bad authority": ({**EMAIL, "api_uri": "letsencrypt"}, inside(api_uri="missing host in url")),
    "an account key without an id": ({**EMAIL, "account_key": {"key_set": "s"}}, inside(
        account_key={"key_id": MISSING})),
    "a kind of keys": ({**EMAIL, "cert_type": "dsa"}, inside(cert_type="expected one of: rsa, ecc")),
    "a small key": ({**EMAIL, "rsa_key_size": 1024}, inside(rsa_key_size="expected one of: 2048, 3072, 4096")),
    "a placeholder for a domain (corpus.md)": ({**EMAIL, "domains": ["$DOMAIN"]}, inside(
        domains=["invalid hostname: $DOMAIN"])),
    "two wildcards": ({**EMAIL, "domains": ["a.test", "*.*.test"]}, inside(
        domains=[None, "invalid wildcard: must have at most one wildcard"])),
    "a storage": ({**EMAIL, "storage": "etcd"}, inside(storage="expected one of: kong, shm, redis, consul, vault")),
    "a setting beside its storage": ({**EMAIL, "storage_config": {"host": "a.test"}}, inside(
        storage_config={"host": "unknown field"})),
    "a setting of no storage": ({**EMAIL, "storage_config": {"kong": {"host": "a.test"}}}, inside(
        storage_config={"kong": {"host": "unknown field"}})),
    "an unknown dictionary": ({**EMAIL, "storage_config": {"shm": {"shm_name": "nope"}}}, inside(
        storage_config={"shm": {"shm_name": "missing shared dict 'nope'"}})),
    "a vault method": ({**EMAIL, "storage_config": {"vault": {"auth_method": "ldap"}}}, inside(
        storage_config={"vault": {"auth_method": "expected one of: token, kubernetes"}})),
    "AM-33": (redis(), {
        "@entity": ["failed conditional validation given value of field 'config.storage'"],
        "config": {"storage_config": {"redis": {"host": MISSING}}}}),
    "AM-41 renewals": (redis(host="r", extra_options={"namespace": "kong_acme:renew_config:x"}), inside(
        storage_config={"redis": {"extra_options": {"namespace": reserved("kong_acme:renew_config:")}}})),
    "AM-41 last run": (redis(host="r", extra_options={"namespace": "kong_acme:renew_last_run"}), inside(
        storage_config={"redis": {"extra_options": {"namespace": reserved("kong_acme:renew_last_run")}}})),
    "AM-41 certificates": (redis(host="r", extra_options={"namespace": "kong_acme:cert_key:a:"}), inside(
        storage_config={"redis": {"extra_options": {"namespace": reserved("kong_acme:cert_key:")}}})),
    "AM-41 by the old name": (redis(host="r", namespace="kong_acme:cert_key:"), inside(
        storage_config={"redis": {"namespace": reserved("kong_acme:cert_key:")}})),
}  # fmt: skip

ACCEPTED = {
    "AM-25": {**EMAIL, "api_uri": "https://api.acme.org"},
    "AM-29": {**EMAIL, "api_uri": "https://acme-v02.api.letsencrypt.org", "tos_accepted": True},
    "AM-30": {**EMAIL, "account_key": {"key_id": "123", "key_set": "my-key-set"}},
    "AM-31": {**EMAIL, "account_key": {"key_id": "123", "key_set": None}},
    "wildcards": {**EMAIL, "domains": ["a.test", "*.a.test", "a.*"]},
    "from a vault": {"account_email": "{vault://env/mail}", "eab_kid": "{vault://env/kid}", "eab_hmac_key": "x"},
    "another storage": {**EMAIL, "storage": "vault"},
}


def test_defaults():
    record = created("acme", EMAIL)
    assert record["config"] == WHOLE
    assert shown(record) == {**WHOLE, "storage_config": {**STORAGE, "redis": {**REDIS, **OLD_REDIS}}}
    assert changed(record, {})["config"] == WHOLE


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    config, errors = REFUSED[case]
    assert errors_of("acme", config) == errors


@pytest.mark.parametrize("case", ACCEPTED)
def test_accepted(case):
    stored = created("acme", ACCEPTED[case])["config"]
    assert {field: stored[field] for field in ACCEPTED[case]} == ACCEPTED[case]


def test_the_host_of_redis_is_enough():
    """AM-32."""
    assert created("acme", redis(host="localhost"))["config"]["storage_config"]["redis"] == {
        **REDIS,
        "host": "localhost",
    }


def test_redis_needs_a_port():
    record = created("acme", redis(host="localhost"))
    record["config"]["storage_config"]["redis"]["port"] = None
    assert plugin_entity("acme").validate(record) == {
        "@entity": ["failed conditional validation given value of field 'config.storage'"],
        "config": {"storage_config": {"redis": {"port": MISSING}}},
    }


OLD = {
    "auth": ({"password": "p"}, "p"),
    "ssl_server_name": ({"server_name": "name.test"}, "name.test"),
    "namespace": ({"extra_options": {"namespace": "n", "scan_count": 10}}, "n"),
    "scan_count": ({"extra_options": {"namespace": "", "scan_count": 5}}, 5),
}


@pytest.mark.parametrize("old", OLD)
def test_an_old_name_is_the_new_field(old):
    """AM-40, AM-47, AM-48."""
    new, value = OLD[old]
    record = created("acme", redis(host="r", **{old: value}))
    stored = record["config"]["storage_config"]["redis"]
    assert stored == {**REDIS, "host": "r", **new}
    assert shown(record)["storage_config"]["redis"] == {**stored, **OLD_REDIS, old: value}
    assert created("acme", redis(host="r", **new))["config"] == record["config"], "AM-39"
    assert created("acme", shown(record))["config"] == record["config"]
    assert (
        changed(created("acme", redis(host="r")), {"storage_config": {"redis": {old: value}}})["config"]
        == (record["config"])
    )


def test_old_names_warn_by_their_whole_path(caplog):
    created("acme", redis(host="r", auth="p", scan_count=10))
    assert [record.getMessage() for record in caplog.records] == [
        "acme: config.storage_config.redis.auth is deprecated, please use config.storage_config.redis.password "
        "instead (deprecated after 4.0)"
    ]


def test_old_and_new_must_agree():
    assert errors_of("acme", redis(host="r", auth="a", password="b")) == inside(
        storage_config={
            "redis": {
                "auth": "both deprecated and new field are used but their values mismatch: auth = a vs password = b"
            }
        }
    )


def test_storages_that_the_nodes_cannot_share_are_refused():
    dbless, control_plane = NodeFacts("traditional", database=False), NodeFacts("control_plane")
    kong, shm = {**EMAIL, "storage": "kong"}, {**EMAIL, "storage": "shm"}
    assert errors_of("acme", kong, facts=dbless) == {"@entity": ['"kong" storage can\'t be used with dbless mode']}
    assert errors_of("acme", shm, facts=control_plane) == {"@entity": ['"shm" storage can\'t be used in Hybrid mode']}
    assert errors_of("acme", EMAIL, facts=control_plane) == errors_of("acme", shm, facts=control_plane)
    for facts, config in ((dbless, shm), (control_plane, kong), (NodeFacts(), kong), (NodeFacts(), shm)):
        assert errors_of("acme", config, facts=facts) == {}
    for role in ("traditional", "control_plane"):
        assert errors_of("acme", redis(host="r"), facts=NodeFacts(role)) == {}
