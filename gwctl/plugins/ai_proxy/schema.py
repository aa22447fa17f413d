"""The configuration of ai-proxy (plugins-transform-observe.md 12.1, 12.2)."""

from __future__ import annotations

from gwctl.plugins.shared.llm import Llm
from gwctl.plugins.shared.prompts import max_request_body_size
from gwctl.schema import fields
from gwctl.sdk import PluginSchema


class Config(Llm):
    response_streaming: str | None = fields.string(
        default="allow", one_of=("allow", "deny", "always"), help="whether answers are sent piece by piece"
    )
    max_request_body_size: int | None = max_request_body_size()
    model_name_header: bool | None = fields.boolean(default=True, help="tell the model in X-Kong-LLM-Model")


SCHEMA = PluginSchema(name="ai-proxy", priority=770, config=Config)
