"""zipkin and opentelemetry: plugins-transform-observe.md 4, 10.10, 10.11, 17.9, 17.15, 17.16."""

import pytest

from gwctl.schema import EntityError
from tests.tools.plugins import NOW, catalog_of, changed, created, errors_of, plugin_entity, shown

URL = "http://collector.test:4318/v1/traces"
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
LEAST = {"zipkin": {}, "opentelemetry": {"traces_endpoint": URL}}
BOTH = pytest.mark.parametrize("name", LEAST)


def errors(name, **config):
    return errors_of(name, LEAST[name] | config).get("config", {})


def test_zipkin_defaults():
    assert created("zipkin")["config"] == {
        "local_service_name": "kong",
        "http_endpoint": None,
        "sample_ratio": 0.001,
        "default_service_name": None,
        "include_credential": True,
        "traceid_byte_count": 16,
        "header_type": "preserve",
        "default_header_type": "b3",
        "tags_header": "Zipkin-Tags",
        "static_tags": None,
        "http_span_name": "method",
        "connect_timeout": 2000,
        "send_timeout": 5000,
        "read_timeout": 5000,
        "http_response_header_for_traceid": None,
        "phase_duration_flavor": "annotations",
        "queue": QUEUE,
        "propagation": {"extract": None, "clear": None, "inject": None, "default_format": "b3"},
    }


def test_opentelemetry_defaults():
    assert created("opentelemetry", {"traces_endpoint": URL})["config"] == {
        "traces_endpoint": URL,
        "logs_endpoint": None,
        "headers": None,
        "resource_attributes": None,
        "queue": QUEUE | {"max_batch_size": 200},
        "batch_span_count": None,
        "batch_flush_delay": None,
        "connect_timeout": 1000,
        "send_timeout": 5000,
        "read_timeout": 5000,
        "http_response_header_for_traceid": None,
        "header_type": "preserve",
        "sampling_rate": None,
        "propagation": {"extract": None, "clear": None, "inject": None, "default_format": "w3c"},
    }


def test_a_queue_that_is_given_in_part():
    """Only a queue that is left out holds more in a batch."""
    config = created("opentelemetry", {"traces_endpoint": URL, "queue": {"max_entries": 5}})["config"]
    assert config["queue"] == QUEUE | {"max_entries": 5}


def test_an_endpoint_is_needed():
    text = "at least one of these fields must be non-empty: 'traces_endpoint', 'logs_endpoint'"
    assert errors_of("opentelemetry", {}) == {"config": {"@entity": [text]}}
    for endpoint in ("traces_endpoint", "logs_endpoint"):
        assert errors_of("opentelemetry", {endpoint: URL}) == {}
        assert errors_of("opentelemetry", {endpoint: "{vault://env/endpoint}"}) == {}
        assert errors_of("opentelemetry", {endpoint: "collector/x"})["config"][endpoint] == "missing host in url"


def test_the_old_endpoint():
    said = []
    entity = plugin_entity("opentelemetry")
    given = {"name": "opentelemetry", "config": {"endpoint": URL}}
    record = entity.check(entity.prepare_insert(given, now=NOW, warn=said.append))
    assert said == [
        "opentelemetry: config.endpoint is deprecated, please use config.traces_endpoint instead (deprecated after 4.0)"
    ]
    assert record["config"]["traces_endpoint"] == URL
    assert "endpoint" not in record["config"]
    assert shown(record)["endpoint"] == shown(record)["traces_endpoint"] == URL
    assert created("opentelemetry", {"endpoint": "{vault://env/x}"})["config"]["traces_endpoint"] == "{vault://env/x}"
    new = changed(record, {"endpoint": "http://other.test"})
    assert new["config"]["traces_endpoint"] == "http://other.test"
    assert changed(new, shown(new)) == new


def test_the_old_endpoint_is_judged_like_the_new_one():
    assert errors_of("opentelemetry", {"endpoint": "nowhere"}) == {"config": {"endpoint": "missing host in url"}}
    assert errors_of("opentelemetry", {"endpoint": URL, "traces_endpoint": URL}) == {}
    other = errors_of("opentelemetry", {"endpoint": URL, "traces_endpoint": "http://other.test"})
    assert other["config"]["endpoint"].startswith("both deprecated and new field are used but their values mismatch: ")


def test_the_old_endpoint_is_described():
    described = catalog_of("opentelemetry").plugin_schema_description("opentelemetry")["fields"]
    (config,) = [row["config"] for row in described if "config" in row]
    (attributes,) = [row["endpoint"] for row in config["shorthand_fields"]]
    assert attributes["type"] == "string"
    assert attributes["referenceable"] is True
    assert attributes["translate_backwards"] == ["traces_endpoint"]
    assert attributes["deprecation"]["replaced_with"] == [{"path": ["traces_endpoint"]}]


def test_headers_and_attributes_of_opentelemetry():
    assert errors("opentelemetry", headers={"X-Auth": "{vault://env/a}", "Content-Type": "x", "Host": "y"}) == {}
    assert errors("opentelemetry", headers={"a b": "x"})["headers"].startswith("bad header name 'a b'")
    assert errors("opentelemetry", headers={"a": ""}) == {"headers": "length must be at least 1"}
    assert errors("opentelemetry", resource_attributes={"service.name": "x", "os.version": "debian"}) == {}
    for attributes, text in [
        ({1: "x"}, "expected a string"),
        ({"x": 1}, "expected a string"),
        ({"x": ""}, "length must be at least 1"),
        ({"": "x"}, "length must be at least 1"),
        (["x"], "expected a map"),
    ]:
        assert errors("opentelemetry", resource_attributes=attributes) == {"resource_attributes": text}


@pytest.mark.parametrize(("name", "field"), [("zipkin", "sample_ratio"), ("opentelemetry", "sampling_rate")])
def test_rates(name, field):
    for rate in (0, 0.5, 1):
        assert errors(name, **{field: rate}) == {}
    for rate in (-0.1, 1.1):
        assert errors(name, **{field: rate}) == {field: "value should be between 0 and 1"}


@BOTH
@pytest.mark.parametrize("field", ["connect_timeout", "send_timeout", "read_timeout"])
def test_timeouts(name, field):
    for bad in (-1, 2147483647):
        assert errors(name, **{field: bad}) == {field: "value should be between 0 and 2147483646"}
    assert errors(name, **{field: 0}) == {}
    assert errors(name, **{field: 1.5}) == {field: "expected an integer"}


READ = "b3, w3c, jaeger, ot, datadog, aws, gcp"


@BOTH
def test_propagation(name):
    for each in READ.split(", "):
        assert errors(name, propagation={"extract": [each], "inject": [each], "default_format": each}) == {}
    assert errors(name, propagation={"inject": ["preserve", "b3-single"], "clear": ["x"], "default_format": "b3"}) == {}
    found = errors(name, propagation={"extract": ["b3", "b3-single"], "inject": ["ignore"], "clear": [1]})[
        "propagation"
    ]
    assert found["extract"] == [None, f"expected one of: {READ}"]
    assert found["inject"] == [
        "expected one of: preserve, b3, b3-single, w3c, jaeger, ot, datadog, aws, gcp",
    ]
    assert found["clear"] == ["expected a string"]
    assert found["default_format"] == "required field missing"
    assert errors(name, propagation={"default_format": "instana"})["propagation"]["default_format"].startswith(
        "expected"
    )


@BOTH
def test_a_patch_of_propagation_keeps_the_default_format(name):
    old = created(name, LEAST[name])
    new = changed(old, {"propagation": {"extract": ["w3c"]}})["config"]["propagation"]
    assert new == old["config"]["propagation"] | {"extract": ["w3c"]}
    assert changed(old, {"propagation": None})["config"]["propagation"] == old["config"]["propagation"]


OLD_HEADERS = [
    ("zipkin", "header_type", "preserve", "w3c", "options"),
    ("opentelemetry", "header_type", "preserve", "w3c", "options"),
    ("zipkin", "default_header_type", "b3", "w3c", "default_format"),
]


@pytest.mark.parametrize(("name", "field", "old_default", "other", "instead"), OLD_HEADERS)
def test_old_header_parameters(name, field, old_default, other, instead):
    """They are kept as they are given; only another value than the old default is worth a word: LW4 to LW6."""
    entity = plugin_entity(name)

    def said(**given):
        found = []
        record = entity.prepare_insert({"name": name, "config": LEAST[name] | given}, now=NOW, warn=found.append)
        return entity.check(record)["config"][field], found

    assert said() == (old_default, [])
    assert said(**{field: old_default}) == (old_default, [])
    new = "config.propagation options" if instead == "options" else f"config.propagation.{instead}"
    text = f"{name}: config.{field} is deprecated, please use {new} instead (deprecated after 4.0)"
    assert said(**{field: other}) == (other, [text])
    assert errors(name, **{field: "instana"})[field].startswith("expected one of: ")


def test_header_types():
    text = "expected one of: preserve, ignore, b3, b3-single, w3c, jaeger, ot, aws, datadog, gcp"
    for name in LEAST:
        assert errors(name, header_type="x") == {"header_type": text}
        for header_type in text.removeprefix("expected one of: ").split(", "):
            assert errors(name, header_type=header_type) == {}
    assert errors("zipkin", default_header_type="preserve")["default_header_type"].startswith("expected one of: b3,")
    assert errors("opentelemetry", default_header_type="b3") == {"default_header_type": "unknown field"}


def test_static_tags():
    foo = {"name": "foo", "value": "bar"}
    assert errors("zipkin", static_tags=[foo, {"name": "foo2", "value": "bar"}]) == {}
    assert errors("zipkin", static_tags=[foo, {"name": "foo", "value": "x"}]) == {
        "static_tags": "repeated tags are not allowed: foo"
    }
    assert errors("zipkin", static_tags=[foo, {"name": "foo"}]) == {
        "static_tags": [None, {"value": "required field missing"}]
    }


@pytest.mark.parametrize(
    "tag",
    ["error", "http.method", "http.path", "http.status_code", "kong.balancer.state", "kong.balancer.try",
     "kong.consumer", "kong.credential", "kong.node.id", "kong.route", "kong.service", "lc", "peer.hostname"],
)  # fmt: skip
def test_tags_of_its_own(tag):
    (found,) = errors("zipkin", static_tags=[{"name": tag, "value": "x"}])["static_tags"]
    assert found["name"].startswith("must not be one of: error, http.method, http.path, ")


def test_other_choices_of_zipkin():
    assert errors("zipkin", traceid_byte_count=8, http_span_name="method_path", phase_duration_flavor="tags") == {}
    assert errors("zipkin", traceid_byte_count=9, http_span_name="x", phase_duration_flavor="x", http_endpoint="x") == {
        "traceid_byte_count": "expected one of: 8, 16",
        "http_span_name": "expected one of: method, method_path",
        "phase_duration_flavor": "expected one of: annotations, tags",
        "http_endpoint": "missing host in url",
    }


def test_clearing_both_endpoints():
    with pytest.raises(EntityError, match="at least one of these fields must be non-empty"):
        changed(created("opentelemetry", LEAST["opentelemetry"]), {"traces_endpoint": None})
