"""statsd, datadog and prometheus: plugins-transform-observe.md 10.8, 10.9, 10.12, 17.7, 17.8."""

import pytest

from tests.tools.plugins import changed, created, errors_of, shown

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
NO_OLD_QUEUE = {"retry_count": None, "queue_size": None, "flush_timeout": None}
STATSD_NAMES = (
    "kong_latency, latency, request_count, request_per_user, request_size, response_size, status_count, "
    "status_count_per_user, unique_users, upstream_latency, status_count_per_workspace, "
    "status_count_per_user_per_route, shdict_usage"
)
DATADOG_NAMES = "kong_latency, latency, request_count, request_size, response_size, upstream_latency"
STATSD_KINDS = "counter, gauge, histogram, meter, set, timer"
NEED_A_RATE = "failed conditional validation given value of field 'stat_type'"


def errors(name, **config):
    return errors_of(name, config).get("config", {})


def metric_errors(name, *metrics):
    return errors(name, metrics=list(metrics)).get("metrics")


def in_statsd(name, kind):
    identifiers = {"consumer_identifier": None, "service_identifier": None, "workspace_identifier": None}
    rate = 1 if kind in ("counter", "gauge") else None
    return {"name": name, "stat_type": kind, "sample_rate": rate, **identifiers}


def in_datadog(name, kind):
    rate = 1 if kind == "counter" else None
    shared = {"tags": ["app:kong"], "consumer_identifier": "custom_id"}
    return {"name": name, "stat_type": kind, "sample_rate": rate, **shared}


def test_statsd_defaults():
    config = created("statsd")["config"]
    metrics = config.pop("metrics")
    assert config == {
        "host": "localhost",
        "port": 8125,
        "prefix": "kong",
        "allow_status_codes": None,
        "udp_packet_size": 0,
        "use_tcp": False,
        "hostname_in_prefix": False,
        "consumer_identifier_default": "custom_id",
        "service_identifier_default": "service_name_or_host",
        "workspace_identifier_default": "workspace_id",
        "tag_style": None,
        "queue": QUEUE,
        **NO_OLD_QUEUE,
    }
    assert sorted(metrics, key=lambda each: each["name"]) == [
        in_statsd("kong_latency", "timer"),
        in_statsd("latency", "timer"),
        in_statsd("request_count", "counter"),
        in_statsd("request_per_user", "counter"),
        in_statsd("request_size", "counter"),
        in_statsd("response_size", "counter"),
        in_statsd("shdict_usage", "gauge"),
        in_statsd("status_count", "counter"),
        in_statsd("status_count_per_user", "counter"),
        in_statsd("status_count_per_user_per_route", "counter"),
        in_statsd("status_count_per_workspace", "counter"),
        in_statsd("unique_users", "set"),
        in_statsd("upstream_latency", "timer"),
    ]


def test_datadog_defaults():
    config = created("datadog")["config"]
    metrics = config.pop("metrics")
    assert config == {
        "host": "localhost",
        "port": 8125,
        "prefix": "kong",
        "service_name_tag": "name",
        "status_tag": "status",
        "consumer_tag": "consumer",
        "queue": QUEUE,
        **NO_OLD_QUEUE,
    }
    assert metrics == [
        in_datadog("request_count", "counter"),
        *(
            in_datadog(name, "timer")
            for name in ("latency", "request_size", "response_size", "upstream_latency", "kong_latency")
        ),
    ]


@pytest.mark.parametrize("name", ["statsd", "datadog"])
def test_lists_of_metrics(name):
    assert created(name, {"metrics": []})["config"]["metrics"] == []
    one = {"name": "request_count", "stat_type": "counter", "sample_rate": 1}
    (made,) = created(name, {"metrics": [one]})["config"]["metrics"]
    assert one.items() <= made.items()
    assert {value for key, value in made.items() if key not in one} == {None}


@pytest.mark.parametrize("name", ["statsd", "datadog"])
def test_a_metric_has_a_name_and_a_type(name):
    (found,) = metric_errors(name, {"stat_type": "set"})
    assert found == {"name": "required field missing"}
    (found,) = metric_errors(name, {"name": "request_count"})
    assert found == {"stat_type": "field required for entity check"}
    (found,) = metric_errors(name, {})
    assert found == {"name": "required field missing", "stat_type": "field required for entity check"}


@pytest.mark.parametrize("name", ["statsd", "datadog"])
@pytest.mark.parametrize("kind", ["counter", "gauge"])
def test_counters_and_gauges_have_a_rate(name, kind):
    good = {"name": "request_count", "stat_type": "timer"}
    found = metric_errors(name, good, {"name": "request_count", "stat_type": kind})
    assert found == [None, {"@entity": [NEED_A_RATE], "sample_rate": "required field missing"}]
    assert metric_errors(name, {"name": "request_count", "stat_type": kind, "sample_rate": 0.5}) is None


def test_names_and_types_of_metrics():
    bad = {"name": "test", "stat_type": "test", "sample_rate": 1}
    assert metric_errors("statsd", bad) == [
        {"name": f"expected one of: {STATSD_NAMES}", "stat_type": f"expected one of: {STATSD_KINDS}"}
    ]
    assert metric_errors("datadog", bad) == [
        {"name": f"expected one of: {DATADOG_NAMES}", "stat_type": f"expected one of: {STATSD_KINDS}, distribution"}
    ]
    assert metric_errors("datadog", {"name": "latency", "stat_type": "distribution"}) is None


def test_rates():
    metric = {"name": "latency", "stat_type": "timer"}
    assert metric_errors("statsd", metric | {"sample_rate": 0}) == [{"sample_rate": "value must be greater than 0"}]
    assert metric_errors("statsd", metric | {"sample_rate": 2}) is None
    for rate in (-0.1, 1.1):
        found = metric_errors("datadog", metric | {"sample_rate": rate})
        assert found == [{"sample_rate": "value should be between 0 and 1"}]
    assert metric_errors("datadog", metric | {"sample_rate": 0}) is None


IDENTIFIERS = {
    "consumer_identifier": ("consumer_id", "custom_id", "username"),
    "service_identifier": ("service_id", "service_name", "service_host", "service_name_or_host"),
    "workspace_identifier": ("workspace_id", "workspace_name"),
}


@pytest.mark.parametrize(("field", "allowed"), IDENTIFIERS.items())
def test_identifiers(field, allowed):
    metric, text = {"name": "unique_users", "stat_type": "set"}, f"expected one of: {', '.join(allowed)}"
    for value in allowed:
        assert metric_errors("statsd", metric | {field: value}) is None
        assert errors("statsd", **{f"{field}_default": value}) == {}
    assert metric_errors("statsd", metric | {field: "fooo"}) == [{field: text}]
    assert errors("statsd", **{f"{field}_default": "invalid"}) == {f"{field}_default": text}
    assert errors("statsd", **{f"{field}_default": None}) == {f"{field}_default": "required field missing"}


def test_identifiers_of_datadog():
    metric = {"name": "latency", "stat_type": "timer"}
    assert metric_errors("datadog", metric | {"consumer_identifier": "username"}) is None
    assert metric_errors("datadog", metric | {"consumer_identifier": "x"}) == [
        {"consumer_identifier": "expected one of: consumer_id, custom_id, username"}
    ]
    assert metric_errors("datadog", metric | {"service_identifier": "x"}) == [{"service_identifier": "unknown field"}]


@pytest.mark.parametrize("codes", [[], ["200-299"], ["200-299", "300-399"]])
def test_ranges_of_statuses(codes):
    assert errors("statsd", allow_status_codes=codes) == {}


@pytest.mark.parametrize(
    "code",
    ["test", "$%%", "test-test", "test-299", "300-test", "test-123a", "200", "-", "200-", "a200-299", "200-299b"],
)
def test_texts_that_are_no_ranges(code):
    assert errors("statsd", allow_status_codes=[code]) == {"allow_status_codes": [f"invalid value: {code}"]}
    found = errors("statsd", allow_status_codes=["200-299", code])
    assert found == {"allow_status_codes": [None, f"invalid value: {code}"]}


def test_packets():
    for size in (0, 1, 1500.5, 65507):
        assert errors("statsd", udp_packet_size=size) == {}
    for size in (-1, 65508):
        assert errors("statsd", udp_packet_size=size) == {"udp_packet_size": "value should be between 0 and 65507"}


def test_tag_styles():
    for style in ("dogstatsd", "influxdb", "librato", "signalfx", None):
        assert errors("statsd", tag_style=style) == {}
    text = "expected one of: dogstatsd, influxdb, librato, signalfx"
    assert errors("statsd", tag_style="invalid") == {"tag_style": text}


def test_tags_of_datadog():
    metric = {"name": "latency", "stat_type": "timer"}
    for tags in ([], ["T1:V1"], ["T1"], ["a:b:c"]):
        assert metric_errors("datadog", metric | {"tags": tags}) is None
    assert metric_errors("datadog", metric | {"tags": ["T2:V2", "T1:"]}) == [{"tags": [None, "invalid value: T1:"]}]


def test_null_leaves_the_address_of_the_agent_to_the_node():
    record = created("datadog", {"host": None, "port": None})
    assert (record["config"]["host"], record["config"]["port"]) == (None, None)
    assert shown(record)["host"] is None
    back = changed(record, {"host": "{vault://env/agent}", "prefix": "x"})
    assert (back["config"]["host"], back["config"]["port"]) == ("{vault://env/agent}", None)
    assert changed(back, {"host": None})["config"]["host"] is None


@pytest.mark.parametrize("name", ["statsd", "datadog"])
def test_addresses(name):
    assert errors(name, host="a b", port=65536) == {
        "host": "invalid value: a b",
        "port": "value should be between 0 and 65535",
    }


PROMETHEUS = (
    "per_consumer", "status_code_metrics", "ai_metrics", "latency_metrics", "bandwidth_metrics",
    "upstream_health_metrics",
)  # fmt: skip


def test_prometheus():
    assert created("prometheus")["config"] == dict.fromkeys(PROMETHEUS, False)
    assert created("prometheus", dict.fromkeys(PROMETHEUS, True))["config"] == dict.fromkeys(PROMETHEUS, True)
    assert errors("prometheus", per_consumer="yes", wasm_metrics=True) == {
        "per_consumer": "expected a boolean",
        "wasm_metrics": "unknown field",
    }
