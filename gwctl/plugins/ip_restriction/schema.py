"""The configuration of ip-restriction (plugins-auth-traffic.md 3.9)."""

from __future__ import annotations

from gwctl.schema import fields, typedefs
from gwctl.schema.checks import AtLeastOneOf
from gwctl.sdk import HTTP, PluginConfig, PluginSchema

_PROTOCOLS = (*HTTP, "tcp", "tls")


class Config(PluginConfig):
    """Which addresses pass, which do not, and what they are told."""

    allow: tuple[str, ...] | None = fields.array(
        fields.string(typedefs.IP_OR_CIDR), help="addresses and networks that pass; without it all do"
    )
    deny: tuple[str, ...] | None = fields.array(
        fields.string(typedefs.IP_OR_CIDR), help="addresses and networks that are refused, whatever ``allow`` says"
    )
    status: float | None = fields.number(help="status of the refusal")
    message: str | None = fields.string(help="text of the refusal")


SCHEMA = PluginSchema(
    name="ip-restriction",
    priority=990,
    config=Config,
    protocols=_PROTOCOLS,
    default_protocols=_PROTOCOLS,
    checks=(AtLeastOneOf(("config.allow", "config.deny")),),
)
