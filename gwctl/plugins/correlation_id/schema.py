"""The configuration of correlation-id (plugins-transform-observe.md 10.3)."""

from __future__ import annotations

from gwctl.schema import fields, typedefs
from gwctl.sdk import PluginConfig, PluginSchema


class Config(PluginConfig):
    header_name: str | None = fields.string(
        typedefs.HEADER_NAME, default="Kong-Request-ID", help="the header that carries the id"
    )
    generator: str = fields.string(
        required=True,
        default="uuid#counter",
        one_of=("uuid", "uuid#counter", "tracker"),
        help="how an id is made; one that the client sends is kept",
    )
    echo_downstream: bool = fields.boolean(required=True, default=False, help="send the id to the client too")


SCHEMA = PluginSchema(name="correlation-id", priority=1, config=Config)
