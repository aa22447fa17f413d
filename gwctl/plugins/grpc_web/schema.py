"""The configuration of grpc-web (plugins-transform-observe.md 11.1)."""

from __future__ import annotations

from gwctl.schema import fields
from gwctl.sdk import ANY, PluginConfig, PluginSchema


class Config(PluginConfig):
    proto: str | None = fields.string(help="path of the .proto file; needed to speak JSON with clients")
    pass_stripped_path: bool | None = fields.boolean(help="send the path without what the route strips")
    allow_origin_header: str | None = fields.string(default="*", help="the value of Access-Control-Allow-Origin")


SCHEMA = PluginSchema(name="grpc-web", priority=3, config=Config, protocols=ANY)
