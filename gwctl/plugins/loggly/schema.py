"""The configuration of loggly (plugins-transform-observe.md 10.7)."""

from __future__ import annotations

from collections.abc import Mapping

from gwctl.plugins.shared.logs import SEVERITY, custom_fields_by_lua
from gwctl.schema import fields, typedefs
from gwctl.sdk import ANY, PluginConfig, PluginSchema


class Config(PluginConfig):
    host: str | None = fields.string(typedefs.HOST, default="logs-01.loggly.com")
    port: int | None = fields.integer(typedefs.PORT, default=514)
    key: str = fields.string(required=True, referenceable=True, encrypted=True, help="the customer token")
    tags: tuple[str, ...] | None = fields.set(fields.string(), default=("kong",))
    log_level: str | None = fields.string(SEVERITY, help="entries of lesser severity are not sent")
    successful_severity: str | None = fields.string(SEVERITY, help="of answers below 400")
    client_errors_severity: str | None = fields.string(SEVERITY, help="of answers from 400 to 499")
    server_errors_severity: str | None = fields.string(SEVERITY, help="of answers from 500")
    timeout: float | None = fields.number(default=10000, help="milliseconds")
    custom_fields_by_lua: Mapping[str, str] | None = custom_fields_by_lua()


SCHEMA = PluginSchema(name="loggly", priority=6, config=Config, protocols=ANY)
