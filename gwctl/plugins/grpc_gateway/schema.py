"""The configuration of grpc-gateway (plugins-transform-observe.md 11.2)."""

from __future__ import annotations

from gwctl.schema import fields
from gwctl.sdk import ANY, PluginConfig, PluginSchema


class Config(PluginConfig):
    proto: str | None = fields.string(help="path of the .proto file that maps HTTP to gRPC")


SCHEMA = PluginSchema(name="grpc-gateway", priority=998, config=Config, protocols=ANY)
