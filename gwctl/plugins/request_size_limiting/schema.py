"""The configuration of request-size-limiting (plugins-auth-traffic.md 3.15)."""

from __future__ import annotations

from gwctl.schema import fields
from gwctl.sdk import PluginConfig, PluginSchema

UNITS = ("megabytes", "kilobytes", "bytes")


class Config(PluginConfig):
    """How large a body may be."""

    allowed_payload_size: int | None = fields.integer(default=128, help="the largest body, in ``size_unit``")
    size_unit: str | None = fields.string(default="megabytes", one_of=UNITS, help="unit of the size")
    require_content_length: bool = fields.boolean(
        required=True, default=False, help="refuse bodies without a Content-Length that are not chunked"
    )


SCHEMA = PluginSchema(name="request-size-limiting", priority=951, config=Config)
