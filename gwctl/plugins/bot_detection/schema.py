"""The configuration of bot-detection (plugins-auth-traffic.md 3.10)."""

from __future__ import annotations

from gwctl.plugins.shared.scopes import WITHOUT_CONSUMER
from gwctl.schema import fields
from gwctl.sdk import PluginConfig, PluginSchema


class Config(PluginConfig):
    """Exceptions to the built-in list of bots."""

    allow: tuple[str, ...] | None = fields.array(
        fields.string(is_regex=True), default=(), help="expressions for user agents that pass"
    )
    deny: tuple[str, ...] | None = fields.array(
        fields.string(is_regex=True), default=(), help="expressions for user agents that are refused"
    )


SCHEMA = PluginSchema(name="bot-detection", priority=2500, config=Config, scopes=WITHOUT_CONSUMER)
