"""The configuration of syslog (plugins-transform-observe.md 10.7)."""

from __future__ import annotations

from collections.abc import Mapping

from gwctl.plugins.shared.logs import SEVERITY, custom_fields_by_lua
from gwctl.schema import fields
from gwctl.sdk import ANY, PluginConfig, PluginSchema

_FACILITIES = (
    *("auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "syslog", "user", "uucp"),
    *(f"local{number}" for number in range(8)),
)


class Config(PluginConfig):
    log_level: str | None = fields.string(SEVERITY, help="entries of lesser severity are not sent")
    successful_severity: str | None = fields.string(SEVERITY, help="of answers below 400")
    client_errors_severity: str | None = fields.string(SEVERITY, help="of answers from 400 to 499")
    server_errors_severity: str | None = fields.string(SEVERITY, help="of answers from 500")
    custom_fields_by_lua: Mapping[str, str] | None = custom_fields_by_lua()
    facility: str = fields.string(required=True, default="user", one_of=_FACILITIES)


SCHEMA = PluginSchema(name="syslog", priority=4, config=Config, protocols=ANY)
