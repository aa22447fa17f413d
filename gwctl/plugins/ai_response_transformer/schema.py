"""The configuration of ai-response-transformer (plugins-transform-observe.md 12.4)."""

from __future__ import annotations

from gwctl.plugins.shared.transformers import TRANSFORMER_CHECKS, Transformer
from gwctl.schema import fields
from gwctl.sdk import PluginSchema


class Config(Transformer):
    """The response body is what the model is given."""

    parse_llm_response_json_instructions: bool = fields.boolean(
        required=True, default=False, help="the model answers a JSON object with headers, status and body"
    )


SCHEMA = PluginSchema(name="ai-response-transformer", priority=769, config=Config, checks=TRANSFORMER_CHECKS)
