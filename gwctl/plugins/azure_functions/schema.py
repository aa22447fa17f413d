"""The configuration of azure-functions (plugins-transform-observe.md 11.4)."""

from __future__ import annotations

from gwctl.schema import fields
from gwctl.sdk import ANY, PluginConfig, PluginSchema


class Config(PluginConfig):
    timeout: float | None = fields.number(default=600000, help="milliseconds")
    keepalive: float | None = fields.number(default=60000, help="milliseconds that an idle connection is kept")
    https: bool | None = fields.boolean(default=True)
    https_verify: bool | None = fields.boolean(default=False, help="verify the certificate of the server")
    apikey: str | None = fields.string(referenceable=True, encrypted=True, help="sent as x-functions-key")
    clientid: str | None = fields.string(referenceable=True, encrypted=True, help="sent as x-functions-clientid")
    appname: str = fields.string(required=True)
    hostdomain: str = fields.string(required=True, default="azurewebsites.net")
    routeprefix: str | None = fields.string(default="api", len_min=0)
    functionname: str = fields.string(required=True)


SCHEMA = PluginSchema(name="azure-functions", priority=749, config=Config, protocols=ANY)
