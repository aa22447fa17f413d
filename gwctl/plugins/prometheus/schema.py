"""The configuration of prometheus (plugins-transform-observe.md 10.12)."""

from __future__ import annotations

from gwctl.schema import fields
from gwctl.sdk import ANY, PluginConfig, PluginSchema


class Config(PluginConfig):
    per_consumer: bool | None = fields.boolean(default=False, help="name the consumer of each request")
    status_code_metrics: bool | None = fields.boolean(default=False, help="requests by status")
    ai_metrics: bool | None = fields.boolean(default=False, help="requests, tokens and cost of language models")
    latency_metrics: bool | None = fields.boolean(default=False)
    bandwidth_metrics: bool | None = fields.boolean(default=False)
    upstream_health_metrics: bool | None = fields.boolean(default=False)


SCHEMA = PluginSchema(name="prometheus", priority=13, config=Config, protocols=ANY)
