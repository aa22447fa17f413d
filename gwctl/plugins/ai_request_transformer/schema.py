"""The configuration of ai-request-transformer (plugins-transform-observe.md 12.3)."""

from __future__ import annotations

from gwctl.plugins.shared.scopes import WITHOUT_CONSUMER
from gwctl.plugins.shared.transformers import TRANSFORMER_CHECKS, Transformer
from gwctl.sdk import PluginSchema


class Config(Transformer):
    """The request body is what the model is given."""


SCHEMA = PluginSchema(
    name="ai-request-transformer",
    priority=777,
    config=Config,
    scopes=WITHOUT_CONSUMER,
    checks=TRANSFORMER_CHECKS,
)
