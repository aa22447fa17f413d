"""What ai-request-transformer and ai-response-transformer share (plugins-transform-observe.md 12.3, 12.4)."""

from __future__ import annotations

from gwctl.plugins.shared.llm import Llm
from gwctl.plugins.shared.prompts import max_request_body_size
from gwctl.schema import Record, fields, typedefs
from gwctl.schema.checks import Conditional, EntityCheck, MutuallyRequired


class Transformer(Record):
    """What the model is asked to do, and how it is reached."""

    prompt: str = fields.string(required=True, help="what the model is told to do with the body")
    transformation_extract_pattern: str | None = fields.string(
        help="regular expression; what it matches of the model's answer is the new body"
    )
    http_timeout: int = fields.integer(required=True, default=60000, help="milliseconds")
    https_verify: bool = fields.boolean(required=True, default=True, help="verify the certificate of the provider")
    max_request_body_size: int | None = max_request_body_size()
    http_proxy_host: str | None = fields.string(typedefs.HOST)
    http_proxy_port: int | None = fields.integer(typedefs.PORT)
    https_proxy_host: str | None = fields.string(typedefs.HOST)
    https_proxy_port: int | None = fields.integer(typedefs.PORT)
    llm: Llm = fields.record(Llm, required=True)


_ROUTE_TYPE = "config.llm.route_type"

TRANSFORMER_CHECKS: tuple[EntityCheck, ...] = (
    Conditional(
        _ROUTE_TYPE,
        {"not_one_of": ("llm/v1/chat",)},
        _ROUTE_TYPE,
        {"eq": "llm/v1/chat"},
        f"'{_ROUTE_TYPE}' must be 'llm/v1/chat' for AI transformer plugins",
    ),
    MutuallyRequired(("config.http_proxy_host", "config.http_proxy_port")),
    MutuallyRequired(("config.https_proxy_host", "config.https_proxy_port")),
)
"""A whole conversation is needed to tell the model what to do; a proxy has a host and a port."""
