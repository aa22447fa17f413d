"""Shorthands, deprecated fields and checks of records inside records."""

from collections.abc import Mapping
from typing import Any

import pytest

from gwctl.schema import Entity, EntityError, Record, Schema, fields
from gwctl.schema.checks import AtLeastOneOf, Conditional, Custom
from gwctl.schema.deprecation import Deprecation
from gwctl.schema.shorthand import Shorthand, renamed


class Redis(Record):
    host: str | None = fields.string()
    port: int | None = fields.integer(default=6379)


def _pair(value: Any) -> Mapping[str, Any]:
    low, _, high = (value or "").partition("-")
    return {"low": low or None, "high": high or None}


class Window(
    Record,
    checks=(AtLeastOneOf(("low", "high")),),
    shorthands=(Shorthand("range", fields.string(), _pair),),
):
    low: str | None = fields.string()
    high: str | None = fields.string()


class Config(
    Record,
    checks=(Conditional("policy", {"one_of": ("redis",)}, "redis.host", {"required": True}),),
    shorthands=(
        renamed("redis_host", fields.string(), ("redis", "host"), plugin="limiter"),
        renamed("redis_port", fields.integer(), ("redis", "port"), plugin="limiter", old_default=6379),
    ),
):
    policy: str = fields.string(required=True, default="local", one_of=("local", "redis"))
    redis: Redis = fields.record(Redis, required=True)
    windows: tuple[Window, ...] | None = fields.array(fields.record(Window))
    named: Mapping[str, Window] | None = fields.map(fields.string(), fields.record(Window))
    old: int | None = fields.integer(
        default=1, deprecation=Deprecation(message="limiter: config.old no longer works", old_default=1)
    )


class Limiter(Entity, name="limiters"):
    id: str = fields.string(uuid=True, auto=True)
    config: Config = fields.record(Config, required=True)


LIMITERS = Schema(Limiter)


def prepared(config, heard=None):
    warn = (lambda text: None) if heard is None else heard.append
    return LIMITERS.prepare_insert({"config": config}, now=1, warn=warn)


def refused(config):
    with pytest.raises(EntityError) as caught:
        LIMITERS.check(prepared(config))
    return caught.value.fields


def test_an_old_name_becomes_the_new_field_and_is_shown_beside_it():
    record = prepared({"redis_host": "a", "redis_port": 1.0})
    assert record["config"]["redis"] == {"host": "a", "port": 1}
    assert "redis_host" not in record["config"]
    assert LIMITERS.validate(record) == {}
    shown = LIMITERS.shown(record)["config"]
    assert (shown["redis_host"], shown["redis_port"], shown["redis"]) == ("a", 1, {"host": "a", "port": 1})
    assert "redis_host" not in record["config"]


def test_what_is_shown_may_be_sent_back():
    record = prepared({"redis": {"host": "a"}})
    shown = LIMITERS.shown(record)
    assert LIMITERS.prepare_update(shown, now=1, existing=record) == record
    assert LIMITERS.prepare_replace(shown, now=1, existing=record) == record


def test_an_update_by_the_old_name_leaves_the_rest_alone():
    record = prepared({"redis": {"host": "a", "port": 7}, "policy": "redis"})
    changed = LIMITERS.prepare_update({"config": {"redis_host": "b"}}, now=1, existing=record)
    assert changed["config"]["redis"] == {"host": "b", "port": 7}
    assert changed["config"]["policy"] == "redis"
    assert LIMITERS.prepare_update({"config": {"redis_host": None}}, now=1, existing=record)["config"]["redis"] == {
        "host": None,
        "port": 7,
    }


def test_both_names_must_say_the_same():
    assert prepared({"redis_host": "a", "redis": {"host": "a"}})["config"]["redis"]["host"] == "a"
    assert refused({"redis_host": "a", "redis": {"host": "b"}, "redis_port": 1}) == {
        "config": {
            "redis_host": "both deprecated and new field are used but their values mismatch: "
            "redis_host = a vs redis.host = b"
        }
    }


def test_an_explicit_null_counts_as_not_given_when_the_other_name_is_used():
    assert prepared({"redis_host": None, "redis": {"host": "b"}})["config"]["redis"]["host"] == "b"
    assert prepared({"redis_host": "a", "redis": {"host": None}})["config"]["redis"]["host"] == "a"
    assert prepared({"redis_host": "a", "redis": None})["config"]["redis"] == {"host": "a", "port": 6379}
    assert prepared({"redis_port": None})["config"]["redis"]["port"] == 6379


def test_types_of_old_names_and_of_the_records_they_write_to():
    assert refused({"redis_host": 1}) == {"config": {"redis_host": "expected a string"}}
    assert refused({"redis_host": "a", "redis": "x"}) == {"config": {"redis": "expected a record"}}
    assert refused("x") == {"config": "expected a record"}
    assert refused({"redis_hast": "a"}) == {"config": {"redis_hast": "unknown field"}}


def test_each_deprecated_field_is_told_once_and_old_defaults_are_silent():
    heard: list[str] = []
    prepared({"redis_host": "a", "redis_port": 6379, "old": 1}, heard)
    assert heard == [
        "limiter: config.redis_host is deprecated, please use config.redis.host instead (deprecated after 4.0)"
    ]
    heard.clear()
    prepared({"redis_port": 1, "old": 2}, heard)
    assert heard == [
        "limiter: config.redis_port is deprecated, please use config.redis.port instead (deprecated after 4.0)",
        "limiter: config.old no longer works (deprecated after 4.0)",
    ]
    heard.clear()
    prepared({"redis": {"host": "a"}}, heard)
    assert heard == []


def test_warnings_go_to_the_log_by_default(caplog):
    LIMITERS.prepare_insert({"config": {"old": 5}}, now=1)
    assert caplog.messages == ["limiter: config.old no longer works (deprecated after 4.0)"]


def test_shorthands_of_records_in_lists_and_maps():
    record = prepared({"windows": [{"range": "1-2"}, {"low": "3"}], "named": {"x": {"range": "4-"}}})
    assert record["config"]["windows"] == [{"low": "1", "high": "2"}, {"low": "3", "high": None}]
    assert record["config"]["named"] == {"x": {"low": "4", "high": None}}
    assert refused({"windows": [{"low": "1"}, {"range": 5}, {"low": "2"}]}) == {
        "config": {"windows": [None, {"range": "expected a string"}]}
    }
    assert refused({"named": {"x": {"range": 5}}}) == {"config": {"named": {"range": "expected a string"}}}
    assert refused({"windows": "x", "named": 5}) == {
        "config": {"windows": "expected an array", "named": "expected a map"}
    }


def test_checks_of_records_stand_under_their_record():
    text = "at least one of these fields must be non-empty: 'low', 'high'"
    assert refused({"windows": [{}]}) == {"config": {"windows": [{"@entity": [text]}]}}
    assert refused({"policy": "redis"}) == {
        "config": {
            "redis": {"host": "required field missing"},
            "@entity": ["failed conditional validation given value of field 'policy'"],
        }
    }
    assert refused({"policy": "nope"}) == {"config": {"policy": "expected one of: local, redis"}}


def test_checks_of_an_entity_look_into_records():
    def run(record: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"config.redis.port": "too small", "@entity": ["no"]}

    class Other(Entity, name="others", checks=(
        AtLeastOneOf(("config.redis.host", "config.old")),
        Conditional("config.policy", {"one_of": ("redis",)}, "config.redis.host", {"required": True}),
        Custom(("config.redis.port", "config.policy"), run),
    )):  # fmt: skip
        id: str = fields.string(uuid=True, auto=True)
        config: Config = fields.record(Config, required=True)

    others = Schema(Other)

    def errors(**config):
        return others.validate(others.prepare_insert({"config": config}, now=1))

    assert errors(redis={"host": "a"}) == {"@entity": ["no"], "config": {"redis": {"port": "too small"}}}
    assert errors(policy="local", old=None, redis={"port": "x"}) == {
        "config": {"redis": {"port": "expected an integer"}}
    }
    assert errors(policy="x") == {"config": {"policy": "expected one of: local, redis"}}
    found = errors(policy="redis")
    assert "failed conditional validation given value of field 'config.policy'" in found["@entity"]


def test_descriptions_name_the_old_fields():
    config = next(field["config"] for field in LIMITERS.describe()["fields"] if "config" in field)
    assert config["shorthand_fields"] == [
        {
            "redis_host": {
                "type": "string",
                "deprecation": {
                    "message": "limiter: config.redis_host is deprecated, please use config.redis.host instead",
                    "removal_in_version": "4.0",
                    "replaced_with": [{"path": ["redis", "host"]}],
                },
                "translate_backwards": ["redis", "host"],
            }
        },
        {
            "redis_port": {
                "type": "integer",
                "deprecation": {
                    "message": "limiter: config.redis_port is deprecated, please use config.redis.port instead",
                    "removal_in_version": "4.0",
                    "replaced_with": [{"path": ["redis", "port"]}],
                    "old_default": 6379,
                },
                "translate_backwards": ["redis", "port"],
            }
        },
    ]
    old = next(field["old"] for field in config["fields"] if "old" in field)
    assert old["deprecation"] == {
        "message": "limiter: config.old no longer works",
        "removal_in_version": "4.0",
        "old_default": 1,
    }
    properties = LIMITERS.json_schema()["properties"]["config"]["properties"]
    assert properties["redis_host"] == {"type": ["string", "null"], "minLength": 1, "deprecated": True}
    assert properties["old"]["deprecated"] is True


def test_forms_know_the_types_of_old_names():
    assert LIMITERS.decode_form([("config.redis_port", "7"), ("config.windows[1].range", "1")]) == {
        "config": {"redis_port": 7, "windows": [{"range": "1"}]}
    }
