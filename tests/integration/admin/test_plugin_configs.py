"""Configurations of the authentication and traffic plugins through the Admin API (plugins-auth-traffic.md 6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.admin.conftest import Admin, Serve

REDIS = {
    "host": "r.test", "port": 6380, "timeout": 1100, "username": "user", "password": "secret", "database": 5,
    "ssl": True, "ssl_verify": True, "server_name": "name.test",
}  # fmt: skip
OLD = {f"redis_{name}": value for name, value in REDIS.items()}
BAD_HEADER = "bad header name 'hello\\world', allowed characters are A-Z, a-z, 0-9, '_', and '-'"
LEAST = {
    "rate-limiting": {"minute": 6, "policy": "redis"},
    "response-ratelimiting": {"limits": {"video": {"minute": 6}}, "policy": "redis"},
}
BOTH = pytest.mark.parametrize("name", LEAST)


def refused(admin: Admin, config: Any, name: str) -> Any:
    answer = admin.ask("POST", "/plugins", {"name": name, "config": config})
    assert answer.status == 400, answer.data
    assert answer.json["code"] == 2
    assert answer.json["name"] == "schema violation"
    assert admin.ask("GET", "/plugins").json["data"] == []
    return answer.json


def test_names_of_keys(admin: Admin) -> None:
    """KA-6, KA-7."""
    assert refused(admin, {"key_names": ["hello\\world"]}, "key-auth")["fields"] == {
        "config": {"key_names": [BAD_HEADER]}
    }
    assert admin.made("/plugins", {"name": "key-auth", "config": {"key_names": ["hello"]}})["config"]["key_names"] == [
        "hello"
    ]


def test_expressions_for_bots(admin: Admin) -> None:
    """BD-10, BD-11."""
    for field in ("allow", "deny"):
        answer = refused(admin, {field: ["[[(%"]}, "bot-detection")
        assert answer["fields"] == {"config": {field: ["not a valid regex: [[(%"]}}


def test_limits(serve: Serve) -> None:
    """RL-18, RL-19, RL-22, RL-23 on a traditional node: its database counts for the policy cluster."""
    with serve(role="traditional") as admin:
        text = "at least one of these fields must be non-empty: " + ", ".join(
            f"'config.{period}'" for period in ("second", "minute", "hour", "day", "month", "year")
        )
        answer = refused(admin, {}, "rate-limiting")
        assert answer["message"] == f"schema violation ({text})"
        assert answer["fields"] == {"@entity": [text]}
        made = admin.made("/plugins", {"name": "rate-limiting", "config": {"minute": 6}})
        assert made["config"]["policy"] == "local"
        changed = admin.ask("PATCH", f"/plugins/{made['id']}", {"config": {"policy": "cluster"}})
        assert (changed.status, changed.json["config"]["policy"]) == (200, "cluster")
        assert changed.json["config"]["minute"] == 6


def test_limits_of_responses(admin: Admin) -> None:
    """RR-14, RR-15."""
    answer = refused(admin, {}, "response-ratelimiting")
    assert answer["message"] == "schema violation (config.limits: required field missing)"
    made = admin.made("/plugins", {"name": "response-ratelimiting", "config": {"limits": {"video": {"second": 10}}}})
    assert made["config"]["limits"]["video"]["second"] == 10
    assert made["config"]["policy"] == "local"


def test_order_of_limits(admin: Admin) -> None:
    """RL-5 as an answer."""
    answer = refused(admin, {"second": 20, "hour": 10}, "rate-limiting")
    text = "The limit for hour(10.0) cannot be lower than the limit for second(20.0)"
    assert answer["message"] == f"schema violation (config: {text})"
    assert answer["fields"] == {"config": text}


def assert_both_spellings(config: dict[str, Any]) -> None:
    assert config["redis"] == REDIS
    assert {name: config[name] for name in OLD} == OLD


@BOTH
@pytest.mark.parametrize("given", [{"redis": REDIS}, OLD], ids=["new", "old"])
def test_redis_by_either_name(admin: Admin, name: str, given: dict[str, Any]) -> None:
    """RL-44, RL-45, RR-37, RR-38: POST, GET, PUT, PATCH."""
    values = {"name": name, "config": {**LEAST[name], **given}}
    made = admin.made("/plugins", values)
    assert_both_spellings(made["config"])
    path = f"/plugins/{made['id']}"
    assert_both_spellings(admin.ask("GET", path).json["config"])
    assert_both_spellings(admin.ask("PUT", path, values).json["config"])
    changed = admin.ask("PATCH", path, {"config": {"redis_host": "other.test"}})
    assert (changed.status, changed.json["config"]["redis"]) == (200, {**REDIS, "host": "other.test"})
    assert changed.json["config"]["redis_host"] == "other.test"
    changed = admin.ask("PATCH", path, {"config": {"redis": {"port": 1}}})
    assert (changed.json["config"]["redis_host"], changed.json["config"]["redis_port"]) == ("other.test", 1)


@BOTH
def test_both_spellings_wherever_plugins_are_shown(admin: Admin, name: str) -> None:
    """RL-46 to RL-50, RR-39 to RR-43: created, changed, put, listed, page by page, of a route."""
    route = admin.made("/routes", {"name": "r", "paths": ["/r"]})
    other = admin.made("/routes", {"name": "other", "paths": ["/o"]})
    values = {"name": name, "config": {**LEAST[name], **OLD}}
    made = admin.made("/routes/r/plugins", values)
    assert_both_spellings(made["config"])
    put = admin.ask("PUT", f"/plugins/{made['id']}", {**values, "route": {"id": route["id"]}})
    assert put.status == 200
    assert_both_spellings(put.json["config"])
    admin.made("/plugins", {**values, "route": {"id": other["id"]}})
    listed = admin.ask("GET", "/plugins").json["data"]
    page = admin.ask("GET", "/plugins?size=1").json
    rest = admin.ask("GET", page["next"]).json
    of_route = admin.ask("GET", "/routes/r/plugins").json["data"]
    assert [len(rows) for rows in (listed, page["data"], rest["data"], of_route)] == [2, 1, 1, 1]
    for row in (
        *listed,
        *page["data"],
        *rest["data"],
        *of_route,
        admin.ask("GET", f"/routes/r/plugins/{made['id']}").json,
    ):
        assert_both_spellings(row["config"])


def test_only_real_fields_are_stored(admin: Admin) -> None:
    made = admin.made("/plugins", {"name": "rate-limiting", "config": {**LEAST["rate-limiting"], **OLD}})
    with admin.store.read() as reads:
        stored = reads.get("plugins", made["id"])
    assert stored is not None
    assert not set(stored["config"]) & set(OLD)
    assert stored["config"]["redis"] == REDIS


ACME = {"account_email": "a@b.test", "storage": "redis"}
OLD_ACME = {"auth": "p", "ssl_server_name": "name.test", "namespace": "n", "scan_count": 5}
NEW_ACME = {"password": "p", "server_name": "name.test", "extra_options": {"namespace": "n", "scan_count": 5}}


@pytest.mark.parametrize("given", [OLD_ACME, NEW_ACME], ids=["old", "new"])
def test_redis_of_acme_by_either_name(admin: Admin, given: dict[str, Any]) -> None:
    """AM-39, AM-40, AM-47, AM-48."""
    values = {"name": "acme", "config": {**ACME, "storage_config": {"redis": {"host": "r", **given}}}}
    made = admin.made("/plugins", values)
    path = f"/plugins/{made['id']}"
    patch = {"config": {"storage_config": {"redis": {"host": "other"}}}}
    answers = [made, admin.ask("GET", path).json, admin.ask("PUT", path, values).json]
    answers.append(admin.ask("PATCH", path, patch).json)
    answers.extend(admin.ask("GET", "/plugins").json["data"])
    for answer in answers:
        redis = answer["config"]["storage_config"]["redis"]
        assert {**OLD_ACME, **NEW_ACME}.items() <= redis.items()
    assert answers[-1]["config"]["storage_config"]["redis"]["host"] == "other"


@pytest.mark.parametrize("word", ["kong_acme:renew_config:", "kong_acme:renew_last_run", "kong_acme:cert_key:"])
def test_reserved_namespaces_of_acme(admin: Admin, word: str) -> None:
    """AM-41."""
    config = {**ACME, "storage_config": {"redis": {"host": "r", "extra_options": {"namespace": f"{word}x"}}}}
    text = f"namespace can't be prefixed with reserved word: {word}"
    assert refused(admin, config, "acme")["fields"] == {
        "config": {"storage_config": {"redis": {"extra_options": {"namespace": text}}}}
    }


def test_a_cache_of_answers(admin: Admin) -> None:
    """PC-50 to PC-54."""
    codes = "value should be between 100 and 900"
    for given, error in (
        ([99], [codes]),
        ([], "length must be at least 1"),
        ("nope", "expected an array"),
        ([200, "nope", "123"], [None, "expected an integer", "expected an integer"]),
        ([123.456], ["expected an integer"]),
    ):
        answer = refused(admin, {"strategy": "memory", "response_code": given}, "proxy-cache")
        assert answer["fields"] == {"config": {"response_code": error}}
    config = {"strategy": "memory", "response_code": [123, 200], "cache_ttl": 10, "response_headers": {"age": False}}
    made = admin.made("/plugins", {"name": "proxy-cache", "config": config})
    assert made["config"]["response_code"] == [123, 200]
    assert made["config"]["cache_ttl"] == 10
    assert made["config"]["response_headers"] == {"age": False, "X-Cache-Status": True, "X-Cache-Key": True}


def test_secrets_that_nobody_gave_stay(admin: Admin) -> None:
    """A secret is made once: it is what data planes share."""
    session = admin.made("/plugins", {"name": "session"})
    oauth2 = admin.made("/plugins", {"name": "oauth2", "config": {"enable_password_grant": True}})
    for made, field in ((session, "secret"), (oauth2, "provision_key")):
        path = f"/plugins/{made['id']}"
        assert admin.ask("PATCH", path, {"enabled": False}).json["config"][field] == made["config"][field]
        assert admin.ask("GET", path).json["config"][field] == made["config"][field]


def test_forms(admin: Admin) -> None:
    """curl with -d, as documentation of plugins has it."""
    form = "name=rate-limiting&config.minute=5&config.redis_port=6380&config.fault_tolerant=false"
    answer = admin.ask("POST", "/plugins", form=form)
    assert answer.status == 201, answer.data
    config = answer.json["config"]
    assert (config["minute"], config["redis"]["port"], config["fault_tolerant"]) == (5, 6380, False)
