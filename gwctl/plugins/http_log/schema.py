"""The configuration of http-log (plugins-transform-observe.md 10.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gwctl.plugins.shared.logs import custom_fields_by_lua
from gwctl.plugins.shared.queue import Queue, old_flush_timeout, old_queue_size, old_retry_count
from gwctl.schema import fields, typedefs
from gwctl.sdk import ANY, PluginConfig, PluginSchema

_OWN_HEADERS = tuple(
    (rf"\A(?i:{name})\Z", f"cannot contain '{name}' header") for name in ("Host", "Content-Length", "Content-Type")
)
_WITH_USER = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/#]*@")


class Config(PluginConfig):
    http_endpoint: str = fields.string(typedefs.URL_REF, required=True, encrypted=True, help="where entries are sent")
    method: str | None = fields.string(default="POST", one_of=("POST", "PUT", "PATCH"))
    content_type: str | None = fields.string(
        default="application/json", one_of=("application/json", "application/json; charset=utf-8")
    )
    timeout: float | None = fields.number(default=10000, help="milliseconds")
    keepalive: float | None = fields.number(default=60000, help="milliseconds that an idle connection is kept")
    retry_count: int | None = old_retry_count("http-log")
    queue_size: int | None = old_queue_size("http-log")
    flush_timeout: float | None = old_flush_timeout("http-log")
    headers: Mapping[str, str] | None = fields.map(
        fields.string(typedefs.HEADER_NAME, match_none=_OWN_HEADERS),
        fields.string(referenceable=True),
        help="headers to send along",
    )
    queue: Queue = fields.record(Queue, required=True)
    custom_fields_by_lua: Mapping[str, str] | None = custom_fields_by_lua()


def _one_authorization(config: Mapping[str, Any]) -> str | None:
    """Credentials stand in the address or in the headers, not in both."""
    headers = config["headers"] or {}
    if _WITH_USER.match(config["http_endpoint"]) and any(name.lower() == "authorization" for name in headers):
        return "specifying both an 'Authorization' header and user info in 'http_endpoint' is not allowed"
    return None


SCHEMA = PluginSchema(name="http-log", priority=12, config=Config, protocols=ANY, check=_one_authorization)
