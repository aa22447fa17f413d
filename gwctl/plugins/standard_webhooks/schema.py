"""The configuration of standard-webhooks (plugins-auth-traffic.md 3.19)."""

from __future__ import annotations

from gwctl.plugins.shared.scopes import WITHOUT_CONSUMER
from gwctl.schema import fields
from gwctl.sdk import PluginConfig, PluginSchema


class Config(PluginConfig):
    """What signs webhooks, and how old they may be."""

    secret_v1: str = fields.string(required=True, referenceable=True, encrypted=True, help="secret of the signature")
    tolerance_second: int = fields.integer(required=True, default=300, gt=-1, help="seconds that a webhook may be old")


SCHEMA = PluginSchema(name="standard-webhooks", priority=760, config=Config, scopes=WITHOUT_CONSUMER)
