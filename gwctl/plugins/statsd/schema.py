"""The configuration of statsd (plugins-transform-observe.md 10.8)."""

from __future__ import annotations

from gwctl.plugins.shared.metrics import COUNTED_NEED_A_RATE
from gwctl.plugins.shared.queue import Queue, old_flush_timeout, old_queue_size, old_retry_count
from gwctl.schema import Record, fields, typedefs
from gwctl.schema.fields import Attributes
from gwctl.sdk import ANY, PluginConfig, PluginSchema

_NAMES = (
    "kong_latency",
    "latency",
    "request_count",
    "request_per_user",
    "request_size",
    "response_size",
    "status_count",
    "status_count_per_user",
    "unique_users",
    "upstream_latency",
    "status_count_per_workspace",
    "status_count_per_user_per_route",
    "shdict_usage",
)
_KINDS = ("counter", "gauge", "histogram", "meter", "set", "timer")
_CONSUMER: Attributes = {"one_of": ("consumer_id", "custom_id", "username")}
_SERVICE: Attributes = {"one_of": ("service_id", "service_name", "service_host", "service_name_or_host")}
_WORKSPACE: Attributes = {"one_of": ("workspace_id", "workspace_name")}


class Metric(Record, checks=(COUNTED_NEED_A_RATE,)):
    """One figure that is sent for each request."""

    name: str = fields.string(required=True, one_of=_NAMES)
    stat_type: str = fields.string(required=True, one_of=_KINDS)
    sample_rate: float | None = fields.number(gt=0, help="needed by counters and gauges")
    consumer_identifier: str | None = fields.string(_CONSUMER)
    service_identifier: str | None = fields.string(_SERVICE)
    workspace_identifier: str | None = fields.string(_WORKSPACE)


def _metric(name: str, kind: str) -> dict[str, object]:
    """A metric of the default list, in stored form."""
    rate = {"sample_rate": 1} if kind in ("counter", "gauge") else {}
    return {**dict.fromkeys(Metric.declared), "name": name, "stat_type": kind, **rate}


_DEFAULT_METRICS = (
    _metric("request_count", "counter"),
    _metric("latency", "timer"),
    _metric("request_size", "counter"),
    _metric("status_count", "counter"),
    _metric("response_size", "counter"),
    _metric("unique_users", "set"),
    _metric("request_per_user", "counter"),
    _metric("upstream_latency", "timer"),
    _metric("kong_latency", "timer"),
    _metric("status_count_per_user", "counter"),
    _metric("status_count_per_workspace", "counter"),
    _metric("status_count_per_user_per_route", "counter"),
    _metric("shdict_usage", "gauge"),
)


class Config(PluginConfig):
    host: str | None = fields.string(typedefs.HOST, default="localhost")
    port: int | None = fields.integer(typedefs.PORT, default=8125)
    prefix: str | None = fields.string(default="kong", help="the first part of every name")
    metrics: tuple[Metric, ...] | None = fields.array(fields.record(Metric), default=_DEFAULT_METRICS)
    allow_status_codes: tuple[str, ...] | None = fields.array(
        fields.string(match=r"\A[0-9]+-[0-9]+\Z"),
        help="ranges such as 200-299; requests with other statuses send nothing",
    )
    udp_packet_size: float | None = fields.number(
        default=0, between=(0, 65507), help="bytes up to which figures share a datagram; 0: one each"
    )
    use_tcp: bool | None = fields.boolean(default=False)
    hostname_in_prefix: bool = fields.boolean(required=True, default=False, help="put the node's name in every name")
    consumer_identifier_default: str = fields.string(_CONSUMER, required=True, default="custom_id")
    service_identifier_default: str = fields.string(_SERVICE, required=True, default="service_name_or_host")
    workspace_identifier_default: str = fields.string(_WORKSPACE, required=True, default="workspace_id")
    retry_count: int | None = old_retry_count("statsd")
    queue_size: int | None = old_queue_size("statsd")
    flush_timeout: float | None = old_flush_timeout("statsd")
    tag_style: str | None = fields.string(
        one_of=("dogstatsd", "influxdb", "librato", "signalfx"), help="send names of entities as tags, written so"
    )
    queue: Queue = fields.record(Queue, required=True)


SCHEMA = PluginSchema(name="statsd", priority=11, config=Config, protocols=ANY)
