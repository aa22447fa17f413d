"""The configuration of file-log (plugins-transform-observe.md 10.5)."""

from __future__ import annotations

from collections.abc import Mapping

from gwctl.plugins.shared.logs import custom_fields_by_lua
from gwctl.schema import fields
from gwctl.sdk import ANY, PluginConfig, PluginSchema


class Config(PluginConfig):
    path: str = fields.string(
        required=True, match=r"\A[^*&%\\`]+\Z", message="not a valid filename", help="the file; made when it is missing"
    )
    reopen: bool = fields.boolean(required=True, default=False, help="open the file anew for every request")
    custom_fields_by_lua: Mapping[str, str] | None = custom_fields_by_lua()


SCHEMA = PluginSchema(name="file-log", priority=9, config=Config, protocols=ANY)
