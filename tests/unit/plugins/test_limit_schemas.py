"""The configurations of rate-limiting and response-ratelimiting (plugins-auth-traffic.md 3.13, 3.14, 6.13, 6.14)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.plugins.shared.limits import PERIODS, disorder
from gwctl.sdk import NodeFacts
from tests.tools.plugins import catalog_of, changed, created, errors_of, plugin_entity, shown

REDIS = {
    "host": None, "port": 6379, "timeout": 2000, "username": None, "password": None, "database": 0, "ssl": False,
    "ssl_verify": False, "server_name": None,
}  # fmt: skip
FLAT = {f"redis_{name}": value for name, value in REDIS.items()}
NO_LIMITS = dict.fromkeys(PERIODS)
RATE = {
    **NO_LIMITS, "minute": 6, "limit_by": "consumer", "policy": "local", "path": None, "header_name": None,
    "error_code": 429, "error_message": "API rate limit exceeded", "hide_client_headers": False,
    "fault_tolerant": True, "sync_rate": -1, "redis": REDIS,
}  # fmt: skip
"""Measured: observed.md 2.4."""
RESPONSE = {
    "header_name": "x-kong-limit", "limit_by": "consumer", "policy": "local", "fault_tolerant": True, "redis": REDIS,
    "block_on_first_violation": False, "hide_client_headers": False, "limits": {"video": {**NO_LIMITS, "minute": 6}},
}  # fmt: skip
VIDEO = {"limits": {"video": {"minute": 6}}}
LEAST = {"rate-limiting": {"minute": 6}, "response-ratelimiting": VIDEO}
BOTH = pytest.mark.parametrize("name", LEAST)

AT_LEAST_ONE = (
    "at least one of these fields must be non-empty: 'config.second', 'config.minute', 'config.hour', 'config.day', "
    "'config.month', 'config.year'"
)


def because_of(field, **errors):
    return {"@entity": [f"failed conditional validation given value of field 'config.{field}'"], "config": errors}


def inside(**errors):
    return {"config": errors}


MISSING = "required field missing"
REFUSED = {
    "RL-5": ("rate-limiting", {"second": 20, "hour": 10},
        {"config": "The limit for hour(10.0) cannot be lower than the limit for second(20.0)"}),
    "RL-6": ("rate-limiting", {"second": 1, "month": 11, "year": 10.5},
        {"config": "The limit for year(10.5) cannot be lower than the limit for month(11.0)"}),
    "RL-7": ("rate-limiting", {}, {"@entity": [AT_LEAST_ONE]}),
    "RL-8": ("rate-limiting", {"second": 1, "limit_by": "header"}, because_of("limit_by", header_name=MISSING)),
    "RL-9": ("rate-limiting", {"second": 1, "limit_by": "path"}, because_of("limit_by", path=MISSING)),
    "RL-12": ("rate-limiting", {"second": 1, "policy": "redis"}, because_of("policy", redis={"host": MISSING})),
    "no limit": ("rate-limiting", {"second": 0}, inside(second="value must be greater than 0")),
    "a limit as text": ("rate-limiting", {"second": "5"}, inside(second="expected a number")),
    "who": ("rate-limiting", {"second": 1, "limit_by": "all"},
        inside(limit_by="expected one of: consumer, credential, ip, service, header, path")),
    "where": ("rate-limiting", {"second": 1, "policy": "file"},
        inside(policy="expected one of: local, cluster, redis")),
    "a bad path": ("rate-limiting", {"second": 1, "path": "a"}, inside(path="should start with: /")),
    "a bad header": ("rate-limiting", {"second": 1, "header_name": "a b"},
        inside(header_name="bad header name 'a b', allowed characters are A-Z, a-z, 0-9, '_', and '-'")),
    "no status": ("rate-limiting", {"second": 1, "error_code": 0}, inside(error_code="value must be greater than 0")),
    "synchronised without Redis": ("rate-limiting", {"second": 1, "sync_rate": 1},
        {"config": "sync_rate can only be used with the redis policy"}),
    "synchronised too often": ("rate-limiting",
        {"second": 1, "policy": "redis", "redis": {"host": "r.test"}, "sync_rate": 0.01},
        {"config": "sync_rate must be greater than 0.02, or -1 to disable"}),
    "synchronised never": ("rate-limiting",
        {"second": 1, "policy": "redis", "redis": {"host": "r.test"}, "sync_rate": 0},
        {"config": "sync_rate must be greater than 0.02, or -1 to disable"}),
    "Redis with a bad port": ("rate-limiting", {"second": 1, "redis": {"port": 70000, "host": "a b"}},
        inside(redis={"port": "value should be between 0 and 65535", "host": "invalid value: a b"})),
    "RR-3": ("response-ratelimiting", {}, inside(limits=MISSING)),
    "RR-3 empty": ("response-ratelimiting", {"limits": {}}, inside(limits="length must be at least 1")),
    "RR-4": ("response-ratelimiting", {"limits": {"video": {"seco": 10}}}, inside(limits={"seco": "unknown field"})),
    "RR-6": ("response-ratelimiting", {"limits": {"video": {"second": 2, "minute": 1}}},
        inside(limits="the limit for minute(1.0) cannot be lower than the limit for second(2.0)")),
    "RR-7": ("response-ratelimiting", {"limits": {"a": {"day": 1}, "video": {"second": 2, "month": 30, "year": 1}}},
        inside(limits="the limit for year(1.0) cannot be lower than the limit for month(30.0)")),
    "RR-8": ("response-ratelimiting", {"limits": {"video": 10}}, inside(limits="expected a record")),
    "RR-11": ("response-ratelimiting", {**VIDEO, "policy": "redis"}, because_of("policy", redis={"host": MISSING})),
    "no units": ("response-ratelimiting", {"limits": {"video": {"second": 0}}},
        inside(limits={"second": "value must be greater than 0"})),
    "whom": ("response-ratelimiting", {**VIDEO, "limit_by": "service"},
        inside(limit_by="expected one of: consumer, credential, ip")),
}  # fmt: skip

ACCEPTED = {
    "RL-1": ("rate-limiting", {"second": 10}),
    "RL-2": ("rate-limiting", {"second": 10, "minute": 20, "hour": 30, "day": 40, "month": 50, "year": 60}),
    "equal limits": ("rate-limiting", {"second": 10, "year": 10}),
    "RL-3": ("rate-limiting", {"second": 10, "limit_by": "header", "header_name": "X-App-Version"}),
    "RL-4": ("rate-limiting", {"second": 10, "limit_by": "path", "path": "/request"}),
    "RL-10": ("rate-limiting", {"second": 10, "policy": "redis", "sync_rate": 0.02, "redis": {**REDIS, "host": "::1"}}),
    "Redis secrets from a vault": ("rate-limiting", {"second": 1, "policy": "redis", "redis": {
        **REDIS, "host": "r.test", "username": "{vault://env/u}", "password": "{vault://env/p}"}}),
    "cluster": ("rate-limiting", {"second": 1, "policy": "cluster"}),
    "RR-1": ("response-ratelimiting", {"limits": {"video": {**NO_LIMITS, "second": 10}}}),
    "RR-2": ("response-ratelimiting", {"limits": {"video": dict(zip(PERIODS, (1, 2, 3, 4, 5, 6), strict=True))}}),
    "RR-5": ("response-ratelimiting", {"limits": {"video": NO_LIMITS}}),
    "RR-9": ("response-ratelimiting", {"limits": {"a": {**NO_LIMITS, "hour": 1}}, "policy": "redis",
        "redis": {**REDIS, "host": "r.test", "port": 6380, "database": 3}}),
}  # fmt: skip


def test_defaults():
    assert shown(created("rate-limiting", {"minute": 6})) == {**RATE, **FLAT}
    assert shown(created("response-ratelimiting", VIDEO)) == {**RESPONSE, **FLAT}
    assert created("rate-limiting", {"minute": 6})["config"] == RATE, "stored without the old names"


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    name, config, errors = REFUSED[case]
    assert errors_of(name, config) == errors


@pytest.mark.parametrize("case", ACCEPTED)
def test_accepted(case):
    name, config = ACCEPTED[case]
    stored = created(name, config)["config"]
    assert {field: stored[field] for field in config} == config


@BOTH
@pytest.mark.parametrize("missing", ["host", "port", "timeout"])
def test_the_policy_redis_needs_a_server(name, missing):
    """RL-12, RR-11; a port or a timeout can only be missing in a record that something else wrote."""
    schema = plugin_entity(name)
    record = created(name, {**LEAST[name], "policy": "redis", "redis": {"host": "r.test"}})
    record["config"]["redis"][missing] = None
    assert schema.validate(record) == because_of("policy", redis={missing: MISSING})


OLD = {
    "redis_host": ("host", "r.test"),
    "redis_port": ("port", 6380),
    "redis_password": ("password", "secret"),
    "redis_username": ("username", "user"),
    "redis_ssl": ("ssl", True),
    "redis_ssl_verify": ("ssl_verify", True),
    "redis_server_name": ("server_name", "name.test"),
    "redis_timeout": ("timeout", 1100),
    "redis_database": ("database", 2),
}


@BOTH
@pytest.mark.parametrize("old", OLD)
def test_an_old_name_is_the_new_field(name, old):
    new, value = OLD[old]
    record = created(name, {**LEAST[name], old: value})
    assert record["config"]["redis"] == {**REDIS, new: value}
    assert old not in record["config"]
    assert shown(record)[old] == shown(record)["redis"][new] == value


@BOTH
def test_old_names_satisfy_the_policy_redis(name):
    """RL-11, RR-10, RL-44/45, RR-37/38."""
    record = created(name, {**LEAST[name], "policy": "redis", **{old: value for old, (_, value) in OLD.items()}})
    assert record["config"]["redis"] == dict(OLD.values())
    assert {old: value for old, value in shown(record).items() if old in OLD} == {
        old: value for old, (_, value) in OLD.items()
    }
    assert created(name, {**LEAST[name], "policy": "redis", "redis": dict(OLD.values())})["config"] == record["config"]


@BOTH
def test_what_is_shown_may_be_given_again(name):
    """decK and humans send back what they read."""
    record = created(name, {**LEAST[name], "policy": "redis", "redis_host": "r.test"})
    assert created(name, shown(record))["config"] == record["config"]
    assert changed(record, shown(record))["config"] == record["config"]


@BOTH
def test_a_change_by_an_old_name_leaves_the_rest(name):
    record = created(name, {**LEAST[name], "redis": {"host": "r.test", "port": 6380}})
    assert changed(record, {"redis_host": "other.test"})["config"]["redis"] == {
        **REDIS,
        "host": "other.test",
        "port": 6380,
    }


@BOTH
def test_old_and_new_must_agree(name):
    errors = errors_of(name, {**LEAST[name], "redis_host": "a.test", "redis": {"host": "b.test"}})
    assert errors == inside(
        redis_host="both deprecated and new field are used but their values mismatch: "
        "redis_host = a.test vs redis.host = b.test"
    )


@BOTH
def test_old_names_have_types(name):
    assert errors_of(name, {**LEAST[name], "redis_host": 5}) == inside(redis_host="expected a string")
    assert errors_of(name, {**LEAST[name], "redis_ssl": "on"}) == inside(redis_ssl="expected a boolean")


@BOTH
def test_an_old_name_warns(name, caplog):
    created(name, {**LEAST[name], "redis_host": "r.test", "redis_port": 6379})
    assert [record.getMessage() for record in caplog.records] == [
        f"{name}: config.redis_host is deprecated, please use config.redis.host instead (deprecated after 4.0)"
    ], "a port that says nothing new is no reason to warn"


@BOTH
def test_the_description_tells_old_names(name):
    described = catalog_of(name).plugin_schema_description(name)
    (config,) = [field["config"] for field in described["fields"] if "config" in field]
    old = {key: value for each in config["shorthand_fields"] for key, value in each.items()}
    assert set(old) == set(OLD)
    assert old["redis_port"] == {
        "type": "integer",
        "deprecation": {
            "message": f"{name}: config.redis_port is deprecated, please use config.redis.port instead",
            "removal_in_version": "4.0",
            "old_default": 6379,
            "replaced_with": [{"path": ["redis", "port"]}],
        },
        "translate_backwards": ["redis", "port"],
    }


WITHOUT_CLUSTER = [NodeFacts("traditional", database=False), NodeFacts("control_plane"), NodeFacts("data_plane", False)]


@BOTH
@pytest.mark.parametrize("facts", WITHOUT_CLUSTER, ids=str)
def test_nodes_without_a_database_below_them_refuse_the_policy_cluster(name, facts):
    """RL-20, RL-21."""
    assert errors_of(name, {**LEAST[name], "policy": "cluster"}, facts=facts) == inside(
        policy="expected one of: local, redis"
    )
    assert created(name, LEAST[name], facts=facts)["config"]["policy"] == "local"
    assert created(name, {**LEAST[name], "redis_host": "r"}, facts=facts)["config"]["redis"]["host"] == "r"


@BOTH
def test_a_traditional_node_with_a_database_has_the_policy_cluster(name):
    """RL-22, RL-23."""
    facts = NodeFacts("traditional", database=True)
    assert created(name, {**LEAST[name], "policy": "cluster"}, facts=facts)["config"]["policy"] == "cluster"
    assert created(name, LEAST[name], facts=facts)["config"]["policy"] == "local"


@given(st.dictionaries(st.sampled_from(PERIODS), st.none() | st.integers(1, 9)))
def test_limits_are_in_order_exactly_when_no_longer_window_allows_less(limits):
    given_limits = [limits[period] for period in PERIODS if limits.get(period) is not None]
    assert (disorder(limits) is None) is (given_limits == sorted(given_limits))
