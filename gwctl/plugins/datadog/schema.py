"""The configuration of datadog (plugins-transform-observe.md 10.9)."""

from __future__ import annotations

from gwctl.plugins.shared.metrics import COUNTED_NEED_A_RATE
from gwctl.plugins.shared.queue import Queue, old_flush_timeout, old_queue_size, old_retry_count
from gwctl.schema import Record, fields, typedefs
from gwctl.sdk import ANY, PluginConfig, PluginSchema

_NAMES = ("kong_latency", "latency", "request_count", "request_size", "response_size", "upstream_latency")
_KINDS = ("counter", "gauge", "histogram", "meter", "set", "timer", "distribution")


class Metric(Record, checks=(COUNTED_NEED_A_RATE,)):
    """One figure that is sent for each request."""

    name: str = fields.string(required=True, one_of=_NAMES)
    stat_type: str = fields.string(required=True, one_of=_KINDS)
    tags: tuple[str, ...] | None = fields.array(
        fields.string(match=r"\A.*[^:]\Z"), help="tags such as app:kong, sent along"
    )
    sample_rate: float | None = fields.number(between=(0, 1), help="needed by counters and gauges")
    consumer_identifier: str | None = fields.string(one_of=("consumer_id", "custom_id", "username"))


def _metric(name: str, kind: str, rate: float | None = None) -> dict[str, object]:
    """A metric of the default list, in stored form."""
    return {
        "name": name,
        "stat_type": kind,
        "tags": ("app:kong",),
        "sample_rate": rate,
        "consumer_identifier": "custom_id",
    }


_DEFAULT_METRICS = (
    _metric("request_count", "counter", 1),
    _metric("latency", "timer"),
    _metric("request_size", "timer"),
    _metric("response_size", "timer"),
    _metric("upstream_latency", "timer"),
    _metric("kong_latency", "timer"),
)


class Config(PluginConfig):
    host: str | None = fields.string(
        typedefs.HOST,
        referenceable=True,
        default="localhost",
        keeps_null=True,
        help="null: KONG_DATADOG_AGENT_HOST of the node's environment",
    )
    port: int | None = fields.integer(
        typedefs.PORT, default=8125, keeps_null=True, help="null: KONG_DATADOG_AGENT_PORT of the node's environment"
    )
    prefix: str | None = fields.string(default="kong", help="the first part of every name")
    service_name_tag: str | None = fields.string(default="name")
    status_tag: str | None = fields.string(default="status")
    consumer_tag: str | None = fields.string(default="consumer")
    retry_count: int | None = old_retry_count("datadog")
    queue_size: int | None = old_queue_size("datadog")
    flush_timeout: float | None = old_flush_timeout("datadog")
    queue: Queue = fields.record(Queue, required=True)
    metrics: tuple[Metric, ...] = fields.array(fields.record(Metric), required=True, default=_DEFAULT_METRICS)


SCHEMA = PluginSchema(name="datadog", priority=10, config=Config, protocols=ANY)
