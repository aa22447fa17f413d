"""The plugins entity with the schemas of plugins: 07-plugins#1, 01-schema#2."""

from collections.abc import Mapping
from typing import Any

import pytest

from gwctl.entities.all import ENTITIES
from gwctl.entities.catalog import Catalog, core_catalog, node_catalog
from gwctl.schema import EntityError
from gwctl.schema.checks import AtLeastOneOf
from gwctl.sdk import ANY, PluginConfig, PluginSchema, fields, renamed

ID = "e8c8921f-0000-4000-8000-000000000000"


class Redis(PluginConfig):
    host: str | None = fields.string()


class LimiterConfig(PluginConfig, shorthands=(renamed("redis_host", fields.string(), ("redis", "host"), plugin="l"),)):
    minute: int | None = fields.integer(gt=0)
    hour: int | None = fields.integer(gt=0)
    headers: tuple[str, ...] | None = fields.array(fields.string(), default=("a", "b"))
    labels: Mapping[str, str] | None = fields.map(fields.string(), fields.string())
    empty: tuple[str, ...] = fields.array(fields.string(), required=True, default=())
    redis: Redis = fields.record(Redis, required=True)


class StrictConfig(PluginConfig):
    url: str = fields.string(required=True)


def _judge(config: Any) -> str | None:
    return "url and host clash" if config["url"] == "clash" else None


LIMITER = PluginSchema(
    name="limiter",
    priority=1,
    config=LimiterConfig,
    checks=(AtLeastOneOf(("config.minute", "config.hour")),),
)
STREAM = PluginSchema(name="stream", priority=1, config=PluginConfig, protocols=ANY, default_protocols=("tcp", "tls"))
GLOBAL = PluginSchema(name="global", priority=1, config=PluginConfig, scopes=())
STRICT = PluginSchema(name="strict", priority=1, config=StrictConfig, check=_judge, scopes=("service", "route"))

CATALOG = node_catalog((LIMITER, STREAM, GLOBAL, STRICT))
PLUGINS = CATALOG["plugins"]


def insert(**values):
    return PLUGINS.prepare_insert(values, now=1700000000)


def errors(**values):
    return PLUGINS.validate(insert(**values))


def message(**values):
    with pytest.raises(EntityError) as caught:
        PLUGINS.check(insert(**values))
    return caught.value.message


def test_the_configuration_is_made_of_defaults():
    record = insert(name="limiter", config={"minute": 5})
    assert record["config"] == {
        "minute": 5,
        "hour": None,
        "headers": ["a", "b"],
        "labels": None,
        "empty": [],
        "redis": {"host": None},
    }
    assert PLUGINS.validate(record) == {}
    assert record["protocols"] == ["grpc", "grpcs", "http", "https"]
    for config in ({}, None):
        assert insert(name="limiter", config=config)["config"]["headers"] == ["a", "b"]
    assert insert(name="limiter")["config"]["headers"] == ["a", "b"]


def test_faults_of_the_configuration_stand_under_config():
    assert errors(name="limiter", config={"minute": 0, "x": 1, "redis": {"y": 1}}) == {
        "config": {
            "minute": "value must be greater than 0",
            "x": "unknown field",
            "redis": {"y": "unknown field"},
        }
    }
    assert message(name="strict") == "schema violation (config.url: required field missing)"
    assert message(name="strict", config="bar") == "schema violation (config: expected a record)"
    assert errors(name="strict", config={"url": "clash"}) == {"config": "url and host clash"}
    assert errors(name="limiter") == {
        "@entity": ["at least one of these fields must be non-empty: 'config.minute', 'config.hour'"]
    }


def test_names_that_lead_to_no_plugin_are_the_only_error():
    assert errors(name="nosuch", enabled="x", config=5) == {
        "name": "plugin 'nosuch' not enabled; add it to the 'plugins' configuration property"
    }
    assert errors(enabled="x") == {"name": "required field missing"}
    assert errors(name=5) == {"name": "expected a string"}
    assert node_catalog(())["plugins"].validate(insert(name="limiter")) == {
        "name": "plugin 'limiter' not enabled; add it to the 'plugins' configuration property"
    }


def test_protocols_are_narrowed_and_have_their_own_default():
    assert errors(name="limiter", config={"hour": 1}, protocols=["http", "tcp"]) == {
        "protocols": [None, "expected one of: grpc, grpcs, http, https"]
    }
    assert insert(name="stream")["protocols"] == ["tcp", "tls"]
    assert errors(name="stream", protocols=["udp"]) == {}


@pytest.mark.parametrize("scope", ["service", "route", "consumer"])
def test_scopes_that_a_plugin_does_not_have_must_be_null(scope):
    assert errors(name="global", **{scope: {"id": ID}}) == {scope: "value must be null"}
    assert errors(name="global", **{scope: None}) == {}
    assert errors(name="stream", **{scope: {"id": ID}}) == {}
    expected = {"consumer": "value must be null"} if scope == "consumer" else {}
    assert errors(name="strict", config={"url": "u"}, **{scope: {"id": ID}}) == expected


def test_an_update_takes_the_plugin_from_the_row():
    old = insert(name="limiter", config={"minute": 5, "redis": {"host": "a"}})
    record = PLUGINS.prepare_update({"config": {"hour": 6, "headers": ["c"], "redis_host": "b"}}, now=1, existing=old)
    assert record["config"] == {**old["config"], "hour": 6, "headers": ["c"], "redis": {"host": "b"}}
    assert PLUGINS.validate(record, updating=True) == {}
    record = PLUGINS.prepare_update({"config": {"hours": 6}}, now=1, existing=old)
    assert PLUGINS.validate(record, updating=True) == {"config": {"hours": "unknown field"}}
    record = PLUGINS.prepare_update({"name": "foo"}, now=1, existing=old)
    assert PLUGINS.validate(record)["name"].startswith("plugin 'foo' not enabled")
    record = PLUGINS.prepare_update({"config": None}, now=1, existing=old)
    assert record["config"]["minute"] is None
    assert record["config"]["headers"] == ["a", "b"]


def test_forms_are_typed_by_the_plugin():
    pairs = [("name", "limiter"), ("config.minute", "5"), ("config.labels.a", "7"), ("config.headers[]", "x")]
    assert PLUGINS.decode_form(pairs)["config"] == {"minute": 5, "labels": {"a": "7"}, "headers": ["x"]}
    assert PLUGINS.decode_form([("config.minute", "5")], key="limiter")["config"] == {"minute": 5}
    assert PLUGINS.decode_form([("config.redis_host", "5")], key="limiter")["config"] == {"redis_host": "5"}
    assert PLUGINS.decode_form([("name", "nosuch"), ("config.a", "5")])["config"] == {"a": 5}


def test_old_spellings_are_shown():
    record = insert(name="limiter", config={"minute": 5, "redis": {"host": "a"}})
    assert PLUGINS.shown(record)["config"]["redis_host"] == "a"
    services = CATALOG["services"].prepare_insert({"host": "a"}, now=1)
    assert CATALOG["services"].shown(services) is services


def test_the_description_of_one_plugin():
    described = CATALOG.plugin_schema_description("limiter")
    assert [name for field in described["fields"] for name in field] == [
        "consumer",
        "route",
        "service",
        "protocols",
        "config",
    ]
    assert described["entity_checks"] == [{"at_least_one_of": ["config.minute", "config.hour"]}]
    config = described["fields"][-1]["config"]
    assert config["required"] is True
    assert "default" not in config
    assert [name for field in config["fields"] for name in field] == list(LimiterConfig.declared)
    assert config["fields"][4]["empty"]["default"] == []
    assert config["shorthand_fields"][0]["redis_host"]["translate_backwards"] == ["redis", "host"]
    protocols = described["fields"][3]["protocols"]
    assert protocols["default"] == ["grpc", "grpcs", "http", "https"]
    assert protocols["elements"]["one_of"] == ["grpc", "grpcs", "http", "https"]
    assert CATALOG.plugin_schema_description("global")["fields"][0]["consumer"]["eq"] is None
    with pytest.raises(KeyError):
        CATALOG.plugin_schema_description("nosuch")


def test_a_catalog_without_a_list_of_plugins_takes_any():
    plugins = core_catalog()["plugins"]
    record = plugins.prepare_insert({"name": "any", "config": {"a": {"b": [1]}}}, now=1)
    assert plugins.validate(record) == {}
    assert Catalog(ENTITIES).plugins == {}
