import pytest

from gwctl.entities import core_catalog

UPSTREAMS = core_catalog()["upstreams"]
CONDITION = {
    name: f"failed conditional validation given value of field '{name}'" for name in ("hash_on", "hash_fallback")
}
INPUTS = ("none", "consumer", "ip", "header", "cookie", "path", "query_arg", "uri_capture")


def insert(**values):
    return UPSTREAMS.prepare_insert({"name": "u1", **values}, now=1700000000)


def errors(**values):
    return UPSTREAMS.validate(insert(**values))


def test_defaults():
    record = insert()
    assert UPSTREAMS.validate(record) == {}
    assert (record["slots"], record["algorithm"], record["hash_on"], record["hash_fallback"]) == (
        10000,
        "round-robin",
        "none",
        "none",
    )
    assert (record["hash_on_cookie_path"], record["use_srv_name"], record["host_header"]) == ("/", False, None)
    failures = {"interval": 0, "http_failures": 0, "tcp_failures": 0, "timeouts": 0}
    assert record["healthchecks"] == {
        "threshold": 0,
        "active": {
            "type": "http",
            "timeout": 1,
            "concurrency": 10,
            "http_path": "/",
            "https_sni": None,
            "https_verify_certificate": True,
            "headers": None,
            "healthy": {"interval": 0, "successes": 0, "http_statuses": [200, 302]},
            "unhealthy": {**failures, "http_statuses": [429, 404, 500, 501, 502, 503, 504, 505]},
        },
        "passive": {
            "type": "http",
            "healthy": {
                "successes": 0,
                "http_statuses": [200, 201, 202, 203, 204, 205, 206, 207, 208, 226,
                                  300, 301, 302, 303, 304, 305, 306, 307, 308],
            },
            "unhealthy": {"http_failures": 0, "tcp_failures": 0, "timeouts": 0, "http_statuses": [429, 500, 503]},
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("some invalid host name", "must be a valid hostname"),
        ("1234", "must be a valid hostname"),
        ("1.2.3.4", "no ip addresses allowed"),
        ("::1", "no ip addresses allowed"),
        ("myserver:8000", "no port allowed"),
    ],
)
def test_names(name, reason):
    assert errors(name=name) == {"name": f"Invalid name ('{name}'); {reason}"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"name": None}, {"name": "required field missing"}),
        ({"slots": 65537}, {"slots": "value should be between 10 and 65536"}),
        ({"slots": 9}, {"slots": "value should be between 10 and 65536"}),
        ({"hash_on": "x"}, {"hash_on": f"expected one of: {', '.join(INPUTS)}"}),
        ({"hash_on": "header"}, {"hash_on_header": "required field missing", "@entity": [CONDITION["hash_on"]]}),
        (
            {"hash_on": "consumer", "hash_fallback": "header"},
            {"hash_fallback_header": "required field missing", "@entity": [CONDITION["hash_fallback"]]},
        ),
        ({"hash_on": "cookie"}, {"hash_on_cookie": "required field missing", "@entity": [CONDITION["hash_on"]]}),
        (
            {"hash_on": "cookie", "hash_on_cookie": "c", "hash_fallback": "ip"},
            {"hash_fallback": "expected one of: none", "@entity": [CONDITION["hash_on"]]},
        ),
        ({"hash_fallback": "ip"}, {"hash_fallback": "expected one of: none", "@entity": [CONDITION["hash_on"]]}),
        (
            {"hash_on": "consumer", "hash_fallback": "consumer"},
            {
                "hash_fallback": "expected one of: none, ip, header, cookie, path, query_arg, uri_capture",
                "@entity": [CONDITION["hash_on"]],
            },
        ),
        (
            {"hash_on": "path", "hash_fallback": "path"},
            {
                "hash_fallback": "expected one of: none, consumer, ip, header, cookie, query_arg, uri_capture",
                "@entity": [CONDITION["hash_on"]],
            },
        ),
        (
            {"hash_on": "header", "hash_on_header": "a", "hash_fallback": "header", "hash_fallback_header": "a"},
            {"@entity": ["values of these fields must be distinct: 'hash_on_header', 'hash_fallback_header'"]},
        ),
        (
            {"hash_on": "query_arg"},
            {"hash_on_query_arg": "required field missing", "@entity": [CONDITION["hash_on"]]},
        ),
        (
            {"hash_on": "ip", "hash_fallback": "uri_capture"},
            {"hash_fallback_uri_capture": "required field missing", "@entity": [CONDITION["hash_fallback"]]},
        ),
        ({"hash_on": "consumer", "hash_fallback": "ip"}, {}),
        ({"hash_on_cookie_path": "x"}, {"hash_on_cookie_path": "should start with: /"}),
        ({"host_header": "http://a"}, {"host_header": "invalid hostname: http://a"}),
        ({"healthchecks": {"threshold": "50"}}, {"healthchecks": {"threshold": "expected a number"}}),
        ({"healthchecks": {"threshold": 101}}, {"healthchecks": {"threshold": "value should be between 0 and 100"}}),
        (
            {"healthchecks": {"active": {"healthy": {"http_statuses": [200, 111.314]}}}},
            {"healthchecks": {"active": {"healthy": {"http_statuses": [None, "expected an integer"]}}}},
        ),
        (
            {"healthchecks": {"active": {"headers": ["x"], "https_verify_certificate": None}}},
            {
                "healthchecks": {
                    "active": {"headers": "expected a map", "https_verify_certificate": "required field missing"}
                }
            },
        ),
        (
            {"healthchecks": {"passive": {"unhealthy": {"timeouts": 256}, "x": 1}}},
            {
                "healthchecks": {
                    "passive": {"unhealthy": {"timeouts": "value should be between 0 and 255"}, "x": "unknown field"}
                }
            },
        ),
    ],
)
def test_violations(values, expected):
    assert errors(**values) == expected


@pytest.mark.parametrize(
    ("values", "algorithm", "hash_on"),
    [
        ({"algorithm": "least-connections", "hash_on": "ip"}, "least-connections", "none"),
        ({"algorithm": "latency"}, "latency", "none"),
        ({"hash_on": "ip"}, "consistent-hashing", "ip"),
        ({"algorithm": "round-robin", "hash_on": "ip"}, "consistent-hashing", "ip"),
        ({"algorithm": "consistent-hashing"}, "consistent-hashing", "none"),
        ({"hash_on": "none"}, "round-robin", "none"),
        ({"hash_on": None}, "round-robin", "none"),
        ({"algorithm": "consistent-hashing", "hash_on": None}, "consistent-hashing", "none"),
    ],
)
def test_algorithm_and_hash_on_rewrite_each_other(values, algorithm, hash_on):
    record = insert(**values)
    assert (record["algorithm"], record["hash_on"]) == (algorithm, hash_on)


def test_an_update_returns_to_round_robin():
    old = insert(hash_on="ip")
    record = UPSTREAMS.prepare_update({"hash_on": "none"}, now=1, existing=old)
    assert (record["algorithm"], record["hash_on"]) == ("round-robin", "none")


def test_an_update_reaches_into_the_health_checks():
    old = insert(healthchecks={"active": {"healthy": {"interval": 5}}})
    record = UPSTREAMS.prepare_update({"healthchecks": {"active": {"unhealthy": {"interval": 7}}}}, now=1, existing=old)
    active = record["healthchecks"]["active"]
    assert (active["healthy"]["interval"], active["unhealthy"]["interval"]) == (5, 7)
    assert UPSTREAMS.load(record).healthchecks.active.unhealthy.interval == 7
