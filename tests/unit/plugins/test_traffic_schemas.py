"""The configurations of the plugins that guard, answer and cache (plugins-auth-traffic.md 3.9-3.11, 3.15-3.19).

``DEFAULTS`` has the least that each accepts and the whole configuration that results; ``REFUSED`` and ``ACCEPTED``
name the lines of its section 6 that they prove.
"""

import pytest

from gwctl.plugins.proxy_cache.schema import Config
from tests.tools.plugins import changed, created, errors_of, shown

METHODS = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "TRACE", "CONNECT"]

DEFAULTS = {
    "ip-restriction": ({"deny": ["10.0.0.1"]}, {"allow": None, "deny": ["10.0.0.1"], "status": None, "message": None}),
    "bot-detection": ({}, {"allow": [], "deny": []}),
    "cors": ({}, {
        "origins": None, "headers": None, "exposed_headers": None, "methods": METHODS, "max_age": None,
        "credentials": False, "private_network": False, "preflight_continue": False,
    }),
    "request-size-limiting": ({}, {
        "allowed_payload_size": 128, "size_unit": "megabytes", "require_content_length": False,
    }),
    "request-termination": ({}, {
        "status_code": 503, "message": None, "content_type": None, "body": None, "echo": False, "trigger": None,
    }),
    "proxy-cache": ({"strategy": "memory"}, {
        "response_code": [200, 301, 404], "request_method": ["GET", "HEAD"],
        "content_type": ["text/plain", "application/json"], "cache_ttl": 300, "strategy": "memory",
        "cache_control": False, "ignore_uri_case": False, "storage_ttl": None,
        "memory": {"dictionary_name": "kong_db_cache"}, "vary_query_params": None, "vary_headers": None,
        "response_headers": {"age": True, "X-Cache-Status": True, "X-Cache-Key": True},
    }),
    "standard-webhooks": ({"secret_v1": "s"}, {"secret_v1": "s", "tolerance_second": 300}),
}  # fmt: skip

MESSAGE_ALONE = "message cannot be used with content_type or body"
NO_ADDRESSES = {
    "@entity": ["at least one of these fields must be non-empty: 'config.allow', 'config.deny'"],
}
CODES = "value should be between 100 and 900"
MEMORY = {"strategy": "memory"}
HOOK = {"secret_v1": "s"}


def inside(**errors):
    return {"config": errors}


def no_range(text):
    return [f"invalid ip or cidr range: '{text}'"]


REFUSED = {
    "IP-6": ("ip-restriction", {"allow": "0.0.0.0"}, inside(allow="expected an array")),
    "IP-7": ("ip-restriction", {"allow": ["127.0.0.1", "hello"]}, inside(allow=[None, *no_range("hello")])),
    "IP-8": ("ip-restriction", {"deny": "0.0.0.0"}, inside(deny="expected an array")),
    "IP-9": ("ip-restriction", {"deny": ["hello"]}, inside(deny=no_range("hello"))),
    "IP-10": ("ip-restriction", {}, NO_ADDRESSES),
    "IP-10 empty": ("ip-restriction", {"allow": [], "deny": []}, NO_ADDRESSES),
    "IP-11": ("ip-restriction", {"allow": ["0.0.0.0/a", "10.0.0.0/33"]},
        inside(allow=[*no_range("0.0.0.0/a"), *no_range("10.0.0.0/33")])),
    "IP-12": ("ip-restriction", {"deny": ["::/a", "fe80::/129"]},
        inside(deny=[*no_range("::/a"), *no_range("fe80::/129")])),
    "BD-10": ("bot-detection", {"allow": [r"[[(%"]}, inside(allow=[r"not a valid regex: [[(%"])),
    "BD-11": ("bot-detection", {"deny": ["ok", r"[[(%"]}, inside(deny=[None, r"not a valid regex: [[(%"])),
    "CO-29": ("cors", {"origins": ["a.test", "invalid_**regex"]},
        inside(origins=[None, "'invalid_**regex' is not a valid regex"])),
    "CO-31": ("cors", {"methods": ["GET", "FOO"]}, inside(methods=[None, f"expected one of: {', '.join(METHODS)}"])),
    "cors (3.9)": ("cors", {"allow_origin_absent": False}, inside(allow_origin_absent="unknown field")),
    "a size in other units": ("request-size-limiting", {"size_unit": "gigabytes"},
        inside(size_unit="expected one of: megabytes, kilobytes, bytes")),
    "half a byte": ("request-size-limiting", {"allowed_payload_size": 0.5},
        inside(allowed_payload_size="expected an integer")),
    "RT-6": ("request-termination", {"status_code": "abcd"}, inside(status_code="expected an integer")),
    "RT-7": ("request-termination", {"status_code": None}, inside(status_code="required field missing")),
    "RT-8": ("request-termination", {"status_code": 99}, inside(status_code="value should be between 100 and 599")),
    "RT-9": ("request-termination", {"status_code": 600}, inside(status_code="value should be between 100 and 599")),
    "RT-10": ("request-termination", {"message": "m", "body": "b"}, {"config": MESSAGE_ALONE}),
    "RT-11": ("request-termination", {"message": "m", "body": "b", "content_type": "text/html"},
        {"config": MESSAGE_ALONE}),
    "RT-12": ("request-termination", {"message": "m", "content_type": "text/html"}, {"config": MESSAGE_ALONE}),
    "RT-13": ("request-termination", {"content_type": "text/html"}, {"config": "content_type requires a body"}),
    "RT-14": ("request-termination", {"echo": True, "body": "b", "content_type": "text/html"},
        {"config": "echo cannot be used with content_type and body"}),
    "a trigger that is no header": ("request-termination", {"trigger": "a b"},
        inside(trigger="bad header name 'a b', allowed characters are A-Z, a-z, 0-9, '_', and '-'")),
    "PC-5": ("proxy-cache", {**MEMORY, "response_code": [99]}, inside(response_code=[CODES])),
    "PC-5 above": ("proxy-cache", {**MEMORY, "response_code": [200, 901]}, inside(response_code=[None, CODES])),
    "PC-6": ("proxy-cache", {**MEMORY, "response_code": []}, inside(response_code="length must be at least 1")),
    "PC-7": ("proxy-cache", {**MEMORY, "response_code": "nope"}, inside(response_code="expected an array")),
    "PC-8": ("proxy-cache", {**MEMORY, "response_code": [200, "123", "abc"]},
        inside(response_code=[None, "expected an integer", "expected an integer"])),
    "PC-9": ("proxy-cache", {**MEMORY, "response_code": [123.456]}, inside(response_code=["expected an integer"])),
    "PC-10": ("proxy-cache", {**MEMORY, "cache_ttl": -1}, inside(cache_ttl="value must be greater than 0")),
    "PC-10 none": ("proxy-cache", {**MEMORY, "cache_ttl": 0}, inside(cache_ttl="value must be greater than 0")),
    "no strategy": ("proxy-cache", {}, inside(strategy="required field missing")),
    "another strategy": ("proxy-cache", {"strategy": "redis"}, inside(strategy="expected one of: memory")),
    "a method that is never cached": ("proxy-cache", {**MEMORY, "request_method": ["DELETE"]},
        inside(request_method=["expected one of: HEAD, GET, POST, PATCH, PUT"])),
    "an unknown dictionary": ("proxy-cache", {**MEMORY, "memory": {"dictionary_name": "nope"}},
        inside(memory={"dictionary_name": "missing shared dict 'nope'"})),
    "a header in Python's spelling": ("proxy-cache", {**MEMORY, "response_headers": {"cache_key": True}},
        inside(response_headers={"cache_key": "unknown field"})),
    "a header that is no switch": ("proxy-cache", {**MEMORY, "response_headers": {"X-Cache-Key": "on"}},
        inside(response_headers={"X-Cache-Key": "expected a boolean"})),
    "SW-2": ("standard-webhooks", {}, inside(secret_v1="required field missing")),
    "SW-2 null": ("standard-webhooks", {"secret_v1": None}, inside(secret_v1="required field missing")),
    "SW-3": ("standard-webhooks", {"secret_v1": 123}, inside(secret_v1="expected a string")),
    "SW-5": ("standard-webhooks", {**HOOK, "tolerance_second": None},
        inside(tolerance_second="required field missing")),
    "SW-6": ("standard-webhooks", {**HOOK, "tolerance_second": "never"},
        inside(tolerance_second="expected an integer")),
    "SW-7": ("standard-webhooks", {**HOOK, "tolerance_second": -1},
        inside(tolerance_second="value must be greater than -1")),
}  # fmt: skip

ACCEPTED = {
    "IP-1": ("ip-restriction", {"allow": ["127.0.0.1", "127.0.0.2"]}),
    "IP-2": ("ip-restriction", {"allow": ["127.0.0.1"], "status": 403, "message": "Forbidden"}),
    "IP-3": ("ip-restriction", {"allow": ["127.0.0.1/8"]}),
    "IP-4": ("ip-restriction", {"deny": ["127.0.0.1/8"]}),
    "IP-5": ("ip-restriction", {"allow": ["127.0.0.0/24"], "deny": ["127.0.0.1"]}),
    "IP-13": ("ip-restriction", {"allow": ["fe80::/10", "::/0", "::1"]}),
    "regexes": ("bot-detection", {"allow": ["^helloworld"], "deny": ["(?i)bot/[0-9]+"]}),
    "CO-28 any": ("cors", {"origins": ["*"]}),
    "CO-28 domain": ("cors", {"origins": ["example.com", "http://example.com:80"]}),
    "CO-28 regex": ("cors", {"origins": [r"(.*[.])?foo\.test", r"^http://(.*[.])?foo\.test(:(80|90))?$"]}),
    "CO-30": ("cors", {"methods": METHODS}),
    "an unlimited cors": (
        "cors",
        {"headers": ["X-A"], "exposed_headers": ["X-B"], "max_age": 23.5, "credentials": True},
    ),
    "RT-1": ("request-termination", {"status_code": 404}),
    "RT-2": ("request-termination", {"message": "Not found"}),
    "RT-3": ("request-termination", {"content_type": "text/html", "body": "<body><h1>Not found</h1></body>"}),
    "RT-4": ("request-termination", {"body": "<body><h1>Not found</h1></body>"}),
    "RT-5": ("request-termination", {"echo": True, "trigger": "x-my-trigger", "message": "m"}),
    "PC-1": ("proxy-cache", MEMORY),
    "PC-3": ("proxy-cache", {**MEMORY, "content_type": ["application/json"]}),
    "PC-4": ("proxy-cache", {**MEMORY, "response_code": [100, 900], "cache_ttl": 30, "storage_ttl": 60}),
    "PC-11": ("proxy-cache", {**MEMORY, "vary_query_params": ["foo"]}),
    "PC-12": ("proxy-cache", {**MEMORY, "vary_headers": ["X-Foo"]}),
    "PC-13": ("proxy-cache", {**MEMORY, "content_type": ["application/*", "*/text"]}),
    "PC-14": ("proxy-cache", {**MEMORY, "content_type": ["application/json; charset=utf-8"]}),
    "another dictionary": ("proxy-cache", {**MEMORY, "memory": {"dictionary_name": "kong_db_cache_miss"}}),
    "SW-1": ("standard-webhooks", {"secret_v1": "abc123", "tolerance_second": 0}),
    "a secret from a vault": ("standard-webhooks", {"secret_v1": "{vault://env/hook}"}),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults(name):
    """Among them PC-2 and SW-4."""
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


def test_a_change_meets_the_rules_over_several_fields():
    record = created("request-termination", {"message": "m"})
    with pytest.raises(Exception, match="message cannot be used with content_type or body"):
        changed(record, {"body": "b"})
    assert changed(record, {"body": "b", "message": None})["config"]["body"] == "b"


def test_headers_with_dashes_are_read_as_attributes():
    loaded = Config.load(created("proxy-cache", {**MEMORY, "response_headers": {"X-Cache-Key": False}})["config"])
    assert loaded.response_headers.cache_key is False
    assert loaded.response_headers.cache_status is True
    assert loaded == Config.load(
        created("proxy-cache", {**MEMORY, "response_headers": {"X-Cache-Key": False}})["config"]
    )
    assert "cache_key=False" in repr(loaded)
