"""The configuration of opentelemetry (plugins-transform-observe.md 10.11)."""

from __future__ import annotations

from collections.abc import Mapping

from gwctl.plugins.shared.propagation import Propagation, old_header_type
from gwctl.plugins.shared.queue import Queue, old_batch_flush_delay, old_queue_size
from gwctl.schema import fields, typedefs
from gwctl.schema.checks import AtLeastOneOf
from gwctl.schema.shorthand import renamed
from gwctl.sdk import PluginConfig, PluginSchema

_OLD_ENDPOINT = renamed("endpoint", fields.string(typedefs.URL_REF), ("traces_endpoint",), plugin="opentelemetry")


class Config(PluginConfig, checks=(AtLeastOneOf(("traces_endpoint", "logs_endpoint")),), shorthands=(_OLD_ENDPOINT,)):
    traces_endpoint: str | None = fields.string(typedefs.URL_REF, help="where spans are sent")
    logs_endpoint: str | None = fields.string(typedefs.URL_REF, help="where log records are sent")
    headers: Mapping[str, str] | None = fields.map(
        fields.string(typedefs.HEADER_NAME), fields.string(referenceable=True), help="headers to send along"
    )
    resource_attributes: Mapping[str, str] | None = fields.map(
        fields.string(), fields.string(), help="what is told of this gateway beside its name, version and node id"
    )
    queue: Queue = fields.record(Queue, required=True, default={"max_batch_size": 200})
    batch_span_count: int | None = old_queue_size("opentelemetry", "batch_span_count", 200)
    batch_flush_delay: int | None = old_batch_flush_delay("opentelemetry")
    connect_timeout: int | None = fields.integer(typedefs.TIMEOUT, default=1000, help="milliseconds")
    send_timeout: int | None = fields.integer(typedefs.TIMEOUT, default=5000, help="milliseconds")
    read_timeout: int | None = fields.integer(typedefs.TIMEOUT, default=5000, help="milliseconds")
    http_response_header_for_traceid: str | None = fields.string(help="the response header that tells the trace's id")
    header_type: str | None = old_header_type("opentelemetry")
    sampling_rate: float | None = fields.number(
        between=(0, 1), help="the part of requests that is traced; when unset that of the node"
    )
    propagation: Propagation | None = fields.record(Propagation, default={"default_format": "w3c"})


SCHEMA = PluginSchema(name="opentelemetry", priority=14, config=Config)
