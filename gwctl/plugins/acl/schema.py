"""The configuration of acl (plugins-auth-traffic.md 3.8)."""

from __future__ import annotations

from gwctl.plugins.shared.scopes import WITHOUT_CONSUMER
from gwctl.schema import fields
from gwctl.schema.checks import AtLeastOneOf, OnlyOneOf
from gwctl.sdk import PluginConfig, PluginSchema

_LISTS = ("config.allow", "config.deny")


class Config(PluginConfig):
    """Which groups pass, or which do not."""

    allow: tuple[str, ...] | None = fields.array(fields.string(), help="groups that pass")
    deny: tuple[str, ...] | None = fields.array(fields.string(), help="groups that are refused")
    hide_groups_header: bool = fields.boolean(
        required=True, default=False, help="keep the consumer's groups from the upstream"
    )
    always_use_authenticated_groups: bool = fields.boolean(
        required=True, default=False, help="prefer the groups that authentication found to those of the consumer"
    )


SCHEMA = PluginSchema(
    name="acl",
    priority=950,
    config=Config,
    scopes=WITHOUT_CONSUMER,
    checks=(OnlyOneOf(_LISTS), AtLeastOneOf(_LISTS)),
)
