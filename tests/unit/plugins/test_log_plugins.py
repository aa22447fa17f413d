"""Log plugins, the queue of several plugins, and correlation-id: plugins-transform-observe.md 2, 10.3 to 10.7, 17.9."""

import pytest

from gwctl.schema import EntityError
from tests.tools.plugins import NOW, catalog_of, changed, created, errors_of, plugin_entity

QUEUE = {
    "max_batch_size": 1,
    "max_coalescing_delay": 1,
    "max_entries": 10000,
    "max_bytes": None,
    "max_retry_time": 60,
    "initial_retry_delay": 0.01,
    "max_retry_delay": 60,
    "concurrency_limit": 1,
}
SEVERITIES = {
    "log_level": "info",
    "successful_severity": "info",
    "client_errors_severity": "info",
    "server_errors_severity": "info",
}
URL = "http://log.test/entries"

DEFAULTS = [
    (
        "http-log",
        {"http_endpoint": URL},
        {
            "method": "POST",
            "content_type": "application/json",
            "timeout": 10000,
            "keepalive": 60000,
            "retry_count": None,
            "queue_size": None,
            "flush_timeout": None,
            "headers": None,
            "queue": QUEUE,
            "custom_fields_by_lua": None,
        },
    ),
    ("file-log", {"path": "/tmp/log.txt"}, {"reopen": False, "custom_fields_by_lua": None}),
    (
        "tcp-log",
        {"host": "log.test", "port": 1},
        {"timeout": 10000, "keepalive": 60000, "tls": False, "tls_sni": None, "custom_fields_by_lua": None},
    ),
    ("udp-log", {"host": "log.test", "port": 1}, {"timeout": 10000, "custom_fields_by_lua": None}),
    ("syslog", {}, {**SEVERITIES, "facility": "user", "custom_fields_by_lua": None}),
    (
        "loggly",
        {"key": "k"},
        {
            **SEVERITIES,
            "host": "logs-01.loggly.com",
            "port": 514,
            "tags": ["kong"],
            "timeout": 10000,
            "custom_fields_by_lua": None,
        },
    ),
    ("correlation-id", {}, {"header_name": "Kong-Request-ID", "generator": "uuid#counter", "echo_downstream": False}),
]
LEAST = {name: config for name, config, _ in DEFAULTS}


def error(name, **config):
    """The error of one field of an otherwise sound configuration; None when it is accepted."""
    (field,) = config
    return errors_of(name, LEAST[name] | config).get("config", {}).get(field)


@pytest.mark.parametrize(("name", "given", "rest"), DEFAULTS, ids=[name for name, _, _ in DEFAULTS])
def test_defaults(name, given, rest):
    assert created(name, given)["config"] == given | rest


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("http-log", ["http_endpoint"]),
        ("file-log", ["path"]),
        ("tcp-log", ["host", "port"]),
        ("udp-log", ["host", "port"]),
        ("loggly", ["key"]),
    ],
)
def test_what_must_be_given(name, missing):
    assert errors_of(name, {}) == {"config": dict.fromkeys(missing, "required field missing")}


@pytest.mark.parametrize("name", ["http-log", "file-log", "tcp-log", "udp-log", "syslog", "loggly"])
def test_custom_fields(name):
    code = {"foo": "return 'bar'", "route": "return nil", "a.b": "return kong.request.get_header('x')"}
    assert created(name, LEAST[name] | {"custom_fields_by_lua": code})["config"]["custom_fields_by_lua"] == code
    assert error(name, custom_fields_by_lua={"a": ""}) == "length must be at least 1"
    assert error(name, custom_fields_by_lua={"": "return 1"}) == "length must be at least 1"
    assert error(name, custom_fields_by_lua={"a": 1}) == "expected a string"
    assert error(name, custom_fields_by_lua=["a"]) == "expected a map"


@pytest.mark.parametrize("path", ["/ovo*", "/a&b", "/a%b", "/a\\b", "/a`b"])
def test_paths_that_are_no_file_names(path):
    assert error("file-log", path=path) == "not a valid filename"


@pytest.mark.parametrize("path", ["/tmp/log.txt", "/dev/stdout", "/dev/null", "log", "/a b/ü-_.~"])
def test_paths(path):
    assert error("file-log", path=path) is None


@pytest.mark.parametrize("name", ["tcp-log", "udp-log", "loggly"])
def test_addresses(name):
    assert error(name, host="log.test:80") == "must not have a port"
    assert error(name, host="a b") == "invalid value: a b"
    assert error(name, host="::1") is None
    assert error(name, port=65536) == "value should be between 0 and 65535"
    assert error(name, port="514") == "expected an integer"
    assert error(name, timeout="1") == "expected a number"
    assert error(name, timeout=1.5) is None


@pytest.mark.parametrize("name", ["syslog", "loggly"])
@pytest.mark.parametrize("field", SEVERITIES)
def test_severities(name, field):
    for severity in ("debug", "info", "notice", "warning", "err", "crit", "alert", "emerg"):
        assert error(name, **{field: severity}) is None
    text = "expected one of: debug, info, notice, warning, err, crit, alert, emerg"
    assert error(name, **{field: "warn"}) == text


def test_facilities():
    for facility in ("auth", "authpriv", "lpr", "uucp", "local0", "local7"):
        assert error("syslog", facility=facility) is None
    assert error("syslog", facility="local8") == (
        "expected one of: auth, authpriv, cron, daemon, ftp, kern, lpr, mail, news, syslog, user, uucp, "
        "local0, local1, local2, local3, local4, local5, local6, local7"
    )
    assert error("syslog", facility=None) == "required field missing"


def test_loggly_key_and_tags():
    assert created("loggly", {"key": "{vault://env/key}", "tags": ["a", "b", "a"]})["config"]["tags"] == ["a", "b"]
    assert error("loggly", tags=[""]) == ["length must be at least 1"]


def test_endpoints():
    assert error("http-log", http_endpoint="log.test/x") == "missing host in url"
    assert error("http-log", http_endpoint="//log.test/x") == "missing scheme in url"
    assert error("http-log", http_endpoint="{vault://env/log-endpoint}") is None
    assert error("http-log", method="GET") == "expected one of: POST, PUT, PATCH"
    assert error("http-log", content_type="text/plain") == (
        "expected one of: application/json, application/json; charset=utf-8"
    )


def test_headers():
    assert error("http-log", headers={"X-My-Header": "123", "Authorization": "{vault://env/token}"}) is None
    assert error("http-log", headers={"X-My-Header": ""}) == "length must be at least 1"
    assert error("http-log", headers={"X-My-Header": ["a"]}) == "expected a string"
    assert error("http-log", headers={"a b": "1"}) == (
        "bad header name 'a b', allowed characters are A-Z, a-z, 0-9, '_', and '-'"
    )


@pytest.mark.parametrize("name", ["Host", "Content-Length", "Content-Type"])
def test_headers_that_are_the_plugins_own(name):
    for spelled in (name, name.lower(), name.upper()):
        assert error("http-log", headers={"a": "1", spelled: "x"}) == f"cannot contain '{name}' header"
    assert error("http-log", headers={f"X-{name}": "x", f"{name}-x": "x"}) is None


def test_only_one_authorization():
    text = "specifying both an 'Authorization' header and user info in 'http_endpoint' is not allowed"
    address = "http://hi:there@log.test/"
    for name in ("Authorization", "AUTHORIZATION"):
        assert errors_of("http-log", {"http_endpoint": address, "headers": {name: "x"}}) == {"config": text}
    for headers in (None, {}, {"x-authorization": "x"}):
        assert errors_of("http-log", {"http_endpoint": address, "headers": headers}) == {}
    for address in (URL, "http://log.test/@", "http://log.test#@", "http://[::1", "{vault://env/a@b}"):
        assert errors_of("http-log", {"http_endpoint": address, "headers": {"Authorization": "x"}}) == {}


def test_both_authorizations_in_two_steps():
    old = created("http-log", {"http_endpoint": "http://hi:there@log.test/"})
    with pytest.raises(EntityError, match="specifying both an 'Authorization' header"):
        changed(old, {"headers": {"authorization": "x"}})


@pytest.mark.parametrize(
    ("field", "bad", "text"),
    [
        ("max_batch_size", 0, "value should be between 1 and 1000000"),
        ("max_batch_size", 1000001, "value should be between 1 and 1000000"),
        ("max_batch_size", 1.5, "expected an integer"),
        ("max_coalescing_delay", -1, "value should be between 0 and 3600"),
        ("max_coalescing_delay", 3601, "value should be between 0 and 3600"),
        ("max_entries", 0, "value should be between 1 and 1000000"),
        ("max_bytes", "1", "expected an integer"),
        ("max_retry_time", "1", "expected a number"),
        ("initial_retry_delay", 0, "value should be between 0.001 and 1000000"),
        ("max_retry_delay", 0.0001, "value should be between 0.001 and 1000000"),
        ("concurrency_limit", 2, "expected one of: -1, 1"),
        ("nonsense", 1, "unknown field"),
    ],
)
@pytest.mark.parametrize("name", ["http-log", "statsd", "datadog", "zipkin", "opentelemetry"])
def test_bounds_of_queues(name, field, bad, text):
    least = {"http-log": {"http_endpoint": URL}, "opentelemetry": {"traces_endpoint": URL}}.get(name, {})
    assert errors_of(name, least | {"queue": {field: bad}}) == {"config": {"queue": {field: text}}}


def test_queues():
    queue = {"max_retry_time": -1, "concurrency_limit": -1, "max_bytes": 1000, "max_coalescing_delay": 0}
    assert created("http-log", LEAST["http-log"] | {"queue": queue})["config"]["queue"] == QUEUE | queue
    for nothing in (None, {}):
        assert created("http-log", LEAST["http-log"] | {"queue": nothing})["config"]["queue"] == QUEUE


def test_a_patch_of_the_queue_keeps_its_other_parameters():
    old = created("http-log", LEAST["http-log"] | {"queue": {"max_entries": 5}})
    assert changed(old, {"queue": {"max_batch_size": 9}})["config"]["queue"] == QUEUE | {
        "max_entries": 5,
        "max_batch_size": 9,
    }


def test_correlation_id():
    for generator in ("uuid", "uuid#counter", "tracker"):
        assert error("correlation-id", generator=generator) is None
    assert error("correlation-id", generator="x") == "expected one of: uuid, uuid#counter, tracker"
    assert error("correlation-id", generator=None) == "required field missing"
    assert error("correlation-id", header_name="a b").startswith("bad header name 'a b'")
    assert error("correlation-id", echo_downstream="yes") == "expected a boolean"


OLD = [
    ("retry_count", 10, 11, "no longer works, please use config.queue.max_retry_time instead"),
    ("queue_size", 1, 2, "is deprecated, please use config.queue.max_batch_size instead"),
    ("flush_timeout", 2, 3, "is deprecated, please use config.queue.max_coalescing_delay instead"),
]
OLD_OF_OTEL = [
    ("batch_span_count", 200, 100, "is deprecated, please use config.queue.max_batch_size instead"),
    ("batch_flush_delay", 3, 2, "is deprecated, please use config.queue.max_coalescing_delay instead"),
]
OLD_QUEUES = [
    *[(name, *row) for name in ("http-log", "statsd", "datadog") for row in OLD],
    *[("opentelemetry", *row) for row in OLD_OF_OTEL],
]


def warnings(name, config):
    found = []
    least = {"opentelemetry": {"traces_endpoint": URL}, **LEAST}.get(name, {})
    given = {"name": name, "config": least | config}
    record = plugin_entity(name).prepare_insert(given, now=NOW, warn=found.append)
    assert plugin_entity(name).validate(record) == {}
    return found, record["config"]


@pytest.mark.parametrize(("name", "field", "old_default", "other", "text"), OLD_QUEUES)
def test_old_queue_parameters(name, field, old_default, other, text):
    """They are kept as they are given, and the queue's own parameters stay: LW1 to LW3."""
    assert warnings(name, {})[0] == []
    assert warnings(name, {field: old_default})[0] == []
    assert warnings(name, {field: None})[0] == []
    found, config = warnings(name, {field: other})
    assert found == [f"{name}: config.{field} {text} (deprecated after 4.0)"]
    assert config[field] == other
    assert config["queue"] == QUEUE | ({"max_batch_size": 200} if name == "opentelemetry" else {})


@pytest.mark.parametrize(("name", "field", "old_default", "other", "text"), OLD_QUEUES)
def test_old_queue_parameters_are_described_as_such(name, field, old_default, other, text):
    described = catalog_of(name).plugin_schema_description(name)["fields"]
    (config,) = [row["config"] for row in described if "config" in row]
    (attributes,) = [row[field] for row in config["fields"] if field in row]
    assert "default" not in attributes
    assert attributes["deprecation"] == {
        "message": f"{name}: config.{field} {text}",
        "removal_in_version": "4.0",
        "old_default": old_default,
    }
