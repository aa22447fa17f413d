"""The configuration of tcp-log (plugins-transform-observe.md 10.6)."""

from __future__ import annotations

from collections.abc import Mapping

from gwctl.plugins.shared.logs import custom_fields_by_lua
from gwctl.schema import fields, typedefs
from gwctl.sdk import ANY, PluginConfig, PluginSchema


class Config(PluginConfig):
    host: str = fields.string(typedefs.HOST, required=True)
    port: int = fields.integer(typedefs.PORT, required=True)
    timeout: float | None = fields.number(default=10000, help="milliseconds")
    keepalive: float | None = fields.number(default=60000, help="milliseconds that an idle connection is kept")
    tls: bool = fields.boolean(required=True, default=False)
    tls_sni: str | None = fields.string(help="the server name of the TLS handshake")
    custom_fields_by_lua: Mapping[str, str] | None = custom_fields_by_lua()


SCHEMA = PluginSchema(name="tcp-log", priority=7, config=Config, protocols=ANY)
