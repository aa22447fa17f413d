"""The configuration of basic-auth (plugins-auth-traffic.md 3.2)."""

from __future__ import annotations

from gwctl.plugins.shared.scopes import WITHOUT_CONSUMER
from gwctl.schema import fields
from gwctl.sdk import PluginConfig, PluginSchema


class Config(PluginConfig):
    """What happens to requests without credentials, and what the upstream sees of them."""

    anonymous: str | None = fields.string(help="id or username of the consumer of requests without valid credentials")
    hide_credentials: bool = fields.boolean(required=True, default=False, help="keep the credentials from the upstream")
    realm: str = fields.string(required=True, default="service", help="realm of the challenge in 401 answers")


SCHEMA = PluginSchema(name="basic-auth", priority=1100, config=Config, scopes=WITHOUT_CONSUMER)
