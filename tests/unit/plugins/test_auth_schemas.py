"""The configurations of the plugins that say who a client is (plugins-auth-traffic.md 3.1-3.8).

``DEFAULTS`` has the least that each accepts and the whole configuration that results; ``REFUSED`` and ``ACCEPTED``
name the lines of its section 6 that they prove.
"""

import re

import pytest

from gwctl.plugins.bundled import bundled_schema
from tests.tools.plugins import changed, created, errors_of, shown

GRANT = {"enable_implicit_grant": True}
LDAP = {"ldap_host": "ldap.test", "base_dn": "dc=test", "attribute": "cn"}
SECRET = "s" * 44

DEFAULTS = {
    "key-auth": ({}, {
        "key_names": ["apikey"], "hide_credentials": False, "anonymous": None, "key_in_header": True,
        "key_in_query": True, "key_in_body": False, "run_on_preflight": True, "realm": None,
    }),
    "basic-auth": ({}, {"anonymous": None, "hide_credentials": False, "realm": "service"}),
    "hmac-auth": ({}, {
        "hide_credentials": False, "clock_skew": 300, "anonymous": None, "validate_request_body": False,
        "enforce_headers": [], "algorithms": ["hmac-sha1", "hmac-sha256", "hmac-sha384", "hmac-sha512"], "realm": None,
    }),
    "jwt": ({}, {
        "uri_param_names": ["jwt"], "cookie_names": [], "header_names": ["authorization"], "key_claim_name": "iss",
        "secret_is_base64": False, "claims_to_verify": None, "anonymous": None, "run_on_preflight": True,
        "maximum_expiration": 0, "realm": None,
    }),
    "oauth2": ({**GRANT, "provision_key": "p"}, {
        "scopes": None, "mandatory_scope": False, "provision_key": "p", "token_expiration": 7200,
        "enable_authorization_code": False, "enable_implicit_grant": True, "enable_client_credentials": False,
        "enable_password_grant": False, "hide_credentials": False, "accept_http_if_already_terminated": False,
        "anonymous": None, "global_credentials": False, "auth_header_name": "authorization",
        "refresh_token_ttl": 1209600, "reuse_refresh_token": False, "pkce": "lax", "realm": None,
    }),
    "ldap-auth": (LDAP, {
        **LDAP, "ldap_port": 389, "ldaps": False, "start_tls": False, "verify_ldap_host": False, "cache_ttl": 60,
        "hide_credentials": False, "timeout": 10000, "keepalive": 60000, "anonymous": None, "header_type": "ldap",
        "realm": None,
    }),
    "session": ({"secret": SECRET}, {
        "secret": SECRET, "storage": "cookie", "audience": "default", "idling_timeout": 900, "rolling_timeout": 3600,
        "absolute_timeout": 86400, "stale_ttl": 10, "cookie_name": "session", "cookie_path": "/",
        "cookie_domain": None, "cookie_same_site": "Strict", "cookie_http_only": True, "cookie_secure": True,
        "remember": False, "remember_cookie_name": "remember", "remember_rolling_timeout": 604800,
        "remember_absolute_timeout": 2592000, "response_headers": None, "request_headers": None,
        "read_body_for_logout": False, "logout_methods": ["POST", "DELETE"], "logout_query_arg": "session_logout",
        "logout_post_arg": "session_logout",
    }),
    "acl": ({"allow": ["a"]}, {
        "allow": ["a"], "deny": None, "hide_groups_header": False, "always_use_authenticated_groups": False,
    }),
}  # fmt: skip

BAD_HEADER = "bad header name 'hello\\world', allowed characters are A-Z, a-z, 0-9, '_', and '-'"
ALGORITHMS = "expected one of: hmac-sha1, hmac-sha256, hmac-sha384, hmac-sha512"
NO_FLOW = (
    "at least one of these fields must be true: enable_authorization_code, enable_implicit_grant, "
    "enable_client_credentials, enable_password_grant"
)
TELLABLE = "expected one of: id, audience, subject, timeout, idling-timeout, rolling-timeout, absolute-timeout"
ONE_LIST = "exactly one of these fields must be non-empty: 'config.allow', 'config.deny'"
SOME_LIST = "at least one of these fields must be non-empty: 'config.allow', 'config.deny'"
NEEDS_EXP = {
    "@entity": ["failed conditional validation given value of field 'config.maximum_expiration'"],
    "config": {"claims_to_verify": "expected to contain: exp"},
}


def inside(**errors):
    return {"config": errors}


REFUSED = {
    "KA-6": ("key-auth", {"key_names": ["hello\\world"]}, inside(key_names=[BAD_HEADER])),
    "a second key name": ("key-auth", {"key_names": ["a", "b c"]}, inside(key_names=[
        None, "bad header name 'b c', allowed characters are A-Z, a-z, 0-9, '_', and '-'"])),
    "key names null": ("key-auth", {"key_names": None}, inside(key_names="required field missing")),
    "key names text": ("key-auth", {"key_names": "apikey"}, inside(key_names="expected an array")),
    "a switch as text": ("key-auth", {"key_in_body": "yes"}, inside(key_in_body="expected a boolean")),
    "an empty realm": ("key-auth", {"realm": ""}, inside(realm="length must be at least 1")),
    "basic realm null": ("basic-auth", {"realm": None}, inside(realm="required field missing")),
    "HM-3": ("hmac-auth", {"clock_skew": -10}, inside(clock_skew="value must be greater than 0")),
    "no clock skew": ("hmac-auth", {"clock_skew": 0}, inside(clock_skew="value must be greater than 0")),
    "HM-4": ("hmac-auth", {"algorithms": ["sha1024"]}, inside(algorithms=[ALGORITHMS])),
    "JW-51": ("jwt", {"maximum_expiration": -1}, inside(maximum_expiration="value should be between 0 and 31536000")),
    "jwt for more than a year": ("jwt", {"maximum_expiration": 31536001},
        inside(maximum_expiration="value should be between 0 and 31536000")),
    "JW-52": ("jwt", {"maximum_expiration": 1, "claims_to_verify": ["nbf"]}, NEEDS_EXP),
    "JW-52 without claims": ("jwt", {"maximum_expiration": 1}, NEEDS_EXP),
    "jwt claims": ("jwt", {"claims_to_verify": ["exp", "aud"]},
        inside(claims_to_verify=[None, "expected one of: exp, nbf"])),
    "jwt.algorithm (corpus.md)": ("jwt", {"algorithm": "HS256"}, inside(algorithm="unknown field")),
    "OA-8": ("oauth2", {**GRANT, "refresh_token_ttl": 252979200},
        inside(refresh_token_ttl="value should be between 0 and 100000000")),
    "OA-10": ("oauth2", {}, {"config": NO_FLOW}),
    "OA-10 all false": ("oauth2", {"enable_implicit_grant": False}, {"config": NO_FLOW}),
    "OA-11": ("oauth2", {**GRANT, "mandatory_scope": True}, inside(**{
        "scopes": "required field missing",
        "@entity": ["failed conditional validation given value of field 'mandatory_scope'"]})),
    "oauth2 pkce": ("oauth2", {**GRANT, "pkce": "no"}, inside(pkce="expected one of: none, lax, strict")),
    "oauth2 (corpus.md)": ("oauth2", {**GRANT, "persistent_refresh_token": True},
        inside(persistent_refresh_token="unknown field")),
    "LD-26": ("ldap-auth", {**LDAP, "ldaps": True, "start_tls": True}, inside(**{
        "@entity": ["'ldaps' and 'start_tls' cannot be enabled simultaneously"],
        "start_tls": "value must be false"})),
    "ldap without anything": ("ldap-auth", {}, inside(
        ldap_host="required field missing", base_dn="required field missing", attribute="required field missing")),
    "ldap host with a port": ("ldap-auth", {**LDAP, "ldap_host": "a.test:389"},
        inside(ldap_host="must not have a port")),
    "ldap port": ("ldap-auth", {**LDAP, "ldap_port": 65536}, inside(ldap_port="value should be between 0 and 65535")),
    "session storage": ("session", {"storage": "redis"}, inside(storage="expected one of: cookie, kong")),
    "session same site": ("session", {"cookie_same_site": "off"},
        inside(cookie_same_site="expected one of: Strict, Lax, None, Default")),
    "session headers": ("session", {"response_headers": ["id", "name"]}, inside(response_headers=[None, TELLABLE])),
    "session request headers": ("session", {"request_headers": ["name"]}, inside(request_headers=[TELLABLE])),
    "session logout": ("session", {"logout_methods": ["PUT"]},
        inside(logout_methods=["expected one of: GET, POST, DELETE"])),
    "acl without lists": ("acl", {}, {"@entity": [ONE_LIST, SOME_LIST]}),
    "acl with empty lists": ("acl", {"allow": [], "deny": []}, {"@entity": [ONE_LIST, SOME_LIST]}),
    "acl with both lists": ("acl", {"allow": ["a"], "deny": ["b"]}, {"@entity": [ONE_LIST]}),
    "acl (corpus.md)": ("acl", {"allow": ["a"], "include_consumer_groups": True},
        inside(include_consumer_groups="unknown field")),
}  # fmt: skip

ACCEPTED = {
    "KA-7": ("key-auth", {"key_names": ["hello"]}),
    "HM-1": ("hmac-auth", {}),
    "HM-2": ("hmac-auth", {"clock_skew": 1.5}),
    "JW-50": ("jwt", {"maximum_expiration": 300, "claims_to_verify": ["exp"]}),
    "OA-1": ("oauth2", GRANT),
    "OA-2": ("oauth2", {**GRANT, "mandatory_scope": True, "scopes": ["email", "info"]}),
    "OA-4": ("oauth2", {**GRANT, "provision_key": "hello"}),
    "OA-6": ("oauth2", {**GRANT, "auth_header_name": "custom_header_name"}),
    "LD-28": ("ldap-auth", {**LDAP, "ldap_port": 10389, "ldaps": True}),
    "StartTLS alone": ("ldap-auth", {**LDAP, "start_tls": True}),
    "SE-8 method": ("session", {"logout_methods": ["DELETE"], "storage": "kong"}),
    "session secret from a vault": ("session", {"secret": "{vault://env/session-secret}"}),
    "acl deny": ("acl", {"deny": ["a"], "allow": None}),
    "acl allow beside an empty list": ("acl", {"allow": ["a"], "deny": []}),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults(name):
    least, whole = DEFAULTS[name]
    record = created(name, least)
    assert shown(record) == record["config"] == whole
    assert shown(changed(record, {})) == whole


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    name, config, errors = REFUSED[case]
    assert errors_of(name, config) == errors


@pytest.mark.parametrize("case", ACCEPTED)
def test_accepted(case):
    name, config = ACCEPTED[case]
    stored = created(name, config)["config"]
    assert {field: stored[field] for field in config} == config


def test_a_provision_key_is_made_when_none_is_given():
    first, second = (created("oauth2", GRANT)["config"]["provision_key"] for _ in range(2))
    assert re.fullmatch("[0-9A-Za-z]{32}", first)
    assert first != second
    assert re.fullmatch(
        "[0-9A-Za-z]{32}", created("oauth2", {**GRANT, "provision_key": None})["config"]["provision_key"]
    )


def test_a_provision_key_outlives_changes():
    record = created("oauth2", GRANT)
    assert changed(record, {"scopes": ["a"]})["config"]["provision_key"] == record["config"]["provision_key"]


def test_a_session_secret_is_made_when_none_is_given():
    first, second = (created("session")["config"]["secret"] for _ in range(2))
    assert len(first) == len(second) == 44
    assert first != second


def test_secrets_are_told_apart_from_the_rest():
    """What must be kept from logs and stored encrypted (1.8, 2.4 of hybrid.md)."""

    def secrets(name):
        return {key for key, field in bundled_schema(name).config.declared.items() if field.encrypted}

    assert secrets("session") == {"secret"}
    assert secrets("oauth2") == {"provision_key"}
    assert secrets("standard-webhooks") == {"secret_v1"}
    assert secrets("acme") == {"account_email", "eab_kid", "eab_hmac_key"}


OLD_SESSION = {
    "cookie_lifetime": (7, "rolling_timeout", 7),
    "cookie_idletime": (8, "idling_timeout", 8),
    "cookie_samesite": ("off", "cookie_same_site", "Lax"),
    "cookie_httponly": (False, "cookie_http_only", False),
    "cookie_discard": (9, "stale_ttl", 9),
    "cookie_persistent": (True, "remember", True),
}


@pytest.mark.parametrize("old", OLD_SESSION)
def test_old_session_fields_are_taken_but_not_shown(old):
    given, new, stored = OLD_SESSION[old]
    record = created("session", {old: given, "secret": SECRET})
    assert shown(record) == {**DEFAULTS["session"][1], new: stored}


def test_the_old_same_site_keeps_other_values():
    assert created("session", {"cookie_samesite": "Strict"})["config"]["cookie_same_site"] == "Strict"
    assert errors_of("session", {"cookie_samesite": "strict"}) == inside(
        cookie_samesite="expected one of: Strict, Lax, None, off"
    )


def test_the_old_renewal_of_cookies_has_no_effect():
    assert shown(created("session", {"cookie_renew": 600, "secret": SECRET})) == DEFAULTS["session"][1]


@pytest.mark.parametrize("old", [*OLD_SESSION, "cookie_renew"])
def test_old_session_fields_have_types(old):
    assert errors_of("session", {old: []})["config"][old].startswith("expected a")
