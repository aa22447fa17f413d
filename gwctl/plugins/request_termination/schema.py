"""The configuration of request-termination (plugins-auth-traffic.md 3.16)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwctl.schema import fields, typedefs
from gwctl.sdk import PluginConfig, PluginSchema


class Config(PluginConfig):
    """The answer that is given in place of the upstream's."""

    status_code: int = fields.integer(required=True, default=503, between=(100, 599), help="status of the answer")
    message: str | None = fields.string(help="text of the default JSON answer")
    content_type: str | None = fields.string(help="content type of ``body``")
    body: str | None = fields.string(help="the whole body")
    echo: bool = fields.boolean(required=True, default=False, help="answer with a description of the request")
    trigger: str | None = fields.string(
        typedefs.HEADER_NAME, help="act only when a header or query argument of this name is there"
    )


def _one_kind_of_answer(config: Mapping[str, Any]) -> str | None:
    message, content_type, body = (config.get(name) is not None for name in ("message", "content_type", "body"))
    if message and (content_type or body):
        return "message cannot be used with content_type or body"
    if content_type and not body:
        return "content_type requires a body"
    if config.get("echo") and body:
        return "echo cannot be used with content_type and body"
    return None


SCHEMA = PluginSchema(name="request-termination", priority=2, config=Config, check=_one_kind_of_answer)
