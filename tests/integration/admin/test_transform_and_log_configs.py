"""Configurations of the transforming, logging, tracing, serverless and AI plugins through the Admin API.

Sources: plugins-transform-observe.md 10 to 12 and 17.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.admin.conftest import Admin
from tests.tools.plugins import created, shown

URL = "http://collector.test:4318/v1/traces"
CHAT = {"route_type": "llm/v1/chat", "model": {"provider": "openai"}}
LEAST: dict[str, dict[str, Any]] = {
    "ai-prompt-decorator": {"prompts": {"prepend": [{"content": "x"}]}},
    "ai-prompt-guard": {"deny_patterns": ["x"]},
    "ai-prompt-template": {"templates": [{"name": "x", "template": '{"messages": "{{y}}"}'}]},
    "ai-proxy": CHAT,
    "ai-request-transformer": {"prompt": "x", "llm": CHAT},
    "ai-response-transformer": {"prompt": "x", "llm": CHAT},
    "aws-lambda": {},
    "azure-functions": {"appname": "a", "functionname": "f"},
    "correlation-id": {},
    "datadog": {},
    "file-log": {"path": "/tmp/log.txt"},
    "grpc-gateway": {},
    "grpc-web": {},
    "http-log": {"http_endpoint": "http://log.test"},
    "loggly": {"key": "k"},
    "opentelemetry": {"traces_endpoint": URL},
    "post-function": {"log": ["return 1"]},
    "pre-function": {"access": ["return 1"]},
    "prometheus": {},
    "request-transformer": {},
    "response-transformer": {},
    "statsd": {},
    "syslog": {},
    "tcp-log": {"host": "log.test", "port": 1},
    "udp-log": {"host": "log.test", "port": 1},
    "zipkin": {},
}
TRANSFORMERS = pytest.mark.parametrize("name", ["request-transformer", "response-transformer"])


def refused(admin: Admin, name: str, config: Any) -> Any:
    answer = admin.ask("POST", "/plugins", {"name": name, "config": config})
    assert answer.status == 400, answer.data
    assert (answer.json["code"], answer.json["name"]) == (2, "schema violation")
    assert admin.ask("GET", "/plugins").json["data"] == []
    return answer.json


def test_every_one_is_stored_and_given_back(admin: Admin) -> None:
    assert len(LEAST) == 26
    for name, config in LEAST.items():
        wanted = shown(created(name, config))
        made = admin.made("/plugins", {"name": name, "config": config})
        assert made["config"] == wanted, name
        path = f"/plugins/{made['id']}"
        assert admin.ask("GET", path).json["config"] == wanted, name
        again = admin.ask("PATCH", path, made)
        assert (again.status, again.json["config"]) == (200, wanted), name
        put = admin.ask("PUT", path, {"name": name, "config": wanted})
        assert (put.status, put.json["config"]) == (200, wanted), name
        assert admin.ask("POST", "/schemas/plugins/validate", {"name": name, "config": config}).status == 200


@TRANSFORMERS
def test_entries_of_transformers(admin: Admin, name: str) -> None:
    """RT123 to RT126, RS63, RS67 to RS69."""
    for action in ("add", "replace", "append"):
        answer = refused(admin, name, {action: {"headers": ["just_a_key"]}})
        assert answer["fields"] == {"config": {action: {"headers": ["invalid value: just_a_key"]}}}
    made = admin.made("/plugins", {"name": name, "config": {"remove": {"headers": ["just_a_key", "x:y"]}}})
    assert made["config"]["remove"]["headers"] == ["just_a_key", "x:y"]


@TRANSFORMERS
def test_lists_of_transformers_are_never_null(admin: Admin, name: str) -> None:
    """RT127, RS70."""
    for action in ("remove", "rename", "replace", "add", "append"):
        answer = refused(admin, name, {action: {"headers": None}})
        assert answer["fields"] == {"config": {action: {"headers": "required field missing"}}}


def test_a_null_address_is_the_nodes_affair(admin: Admin) -> None:
    """DD14: null and absent are not the same."""
    made = admin.made("/plugins", {"name": "datadog", "config": {"host": None, "port": None}})
    path = f"/plugins/{made['id']}"
    for config in (made["config"], admin.ask("GET", path).json["config"]):
        assert (config["host"], config["port"]) == (None, None)
    assert admin.ask("PATCH", path, {"config": {"prefix": "x"}}).json["config"]["host"] is None
    assert admin.ask("PUT", path, {"name": "datadog"}).json["config"]["host"] == "localhost"


def test_the_old_endpoint_of_opentelemetry(admin: Admin) -> None:
    made = admin.made("/plugins", {"name": "opentelemetry", "config": {"endpoint": URL}})
    assert made["config"]["endpoint"] == made["config"]["traces_endpoint"] == URL
    changed = admin.ask("PATCH", f"/plugins/{made['id']}", {"config": {"traces_endpoint": "http://new.test"}}).json
    assert changed["config"]["endpoint"] == changed["config"]["traces_endpoint"] == "http://new.test"
    (listed,) = admin.ask("GET", "/plugins").json["data"]
    assert listed["config"] == changed["config"]


def test_old_spellings_are_said_to_be_old(admin: Admin, caplog: pytest.LogCaptureFixture) -> None:
    """LW2, LW3, LW6: each with its own text, unless it says what was the default anyway."""
    config = {"http_endpoint": "http://log.test", "retry_count": 10, "queue_size": 1, "flush_timeout": 2}
    admin.made("/plugins", {"name": "http-log", "config": config})
    admin.made("/plugins", {"name": "zipkin", "config": {"header_type": "preserve", "default_header_type": "b3"}})
    assert "deprecated" not in caplog.text
    admin.made("/plugins", {"name": "statsd", "config": {"queue_size": 2}})
    admin.made("/plugins", {"name": "opentelemetry", "config": {"traces_endpoint": URL, "header_type": "w3c"}})
    said = [record.getMessage() for record in caplog.records if "deprecated" in record.getMessage()]
    assert said == [
        "statsd: config.queue_size is deprecated, please use config.queue.max_batch_size instead "
        "(deprecated after 4.0)",
        "opentelemetry: config.header_type is deprecated, please use config.propagation options instead "
        "(deprecated after 4.0)",
    ]


def test_descriptions(admin: Admin) -> None:
    text = admin.ask("GET", "/schemas/plugins/request-transformer").data.decode()
    compact = text.replace(" ", "")
    assert '"default":[]' in compact
    assert not any(bad in compact for bad in ('"fields":{', '"entity_checks":{', '"default":{}'))
    log = admin.ask("GET", "/plugins/schema/http-log").json
    (old,) = [field["queue_size"] for field in log["fields"] if "queue_size" in field]
    assert set(old["deprecation"]) == {"message", "old_default", "removal_in_version"}


def test_faults_deep_inside(admin: Admin) -> None:
    answer = refused(admin, "ai-proxy", {"route_type": "llm/v1/chat", "model": {"provider": "azure"}})
    assert answer["fields"] == {
        "config": {
            "@entity": [
                "must set 'model.options.azure_instance' for azure provider",
                "must set 'model.options.azure_deployment_id' for azure provider",
            ]
        }
    }
    answer = refused(admin, "statsd", {"metrics": [{"name": "latency", "stat_type": "timer"}, {"name": "x"}]})
    first, second = answer["fields"]["config"]["metrics"]
    assert first is None
    assert second["stat_type"] == "field required for entity check"
    answer = refused(admin, "http-log", {"http_endpoint": "http://a:b@log.test", "headers": {"authorization": "x"}})
    text = "specifying both an 'Authorization' header and user info in 'http_endpoint' is not allowed"
    assert answer["message"] == f"schema violation (config: {text})"


def test_forms(admin: Admin) -> None:
    """curl with -d, as documentation of plugins has it."""
    form = "name=request-transformer&config.add.headers=x-new:1&config.remove.body[1]=a&config.remove.body[2]=b"
    config = admin.ask("POST", "/plugins", form=form).json["config"]
    assert (config["add"]["headers"], config["remove"]["body"]) == (["x-new:1"], ["a", "b"])
    form = "name=http-log&config.http_endpoint=http://log.test&config.queue.max_batch_size=5&config.headers.x-a=1"
    config = admin.ask("POST", "/plugins", form=form).json["config"]
    assert (config["queue"]["max_batch_size"], config["headers"]) == (5, {"x-a": "1"})
    form = "name=pre-function&config.access[1]=return 1"
    assert admin.ask("POST", "/plugins", form=form).json["config"]["access"] == ["return 1"]
