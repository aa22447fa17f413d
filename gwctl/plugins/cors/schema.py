"""The configuration of cors (plugins-auth-traffic.md 3.11)."""

from __future__ import annotations

from gwctl.kit.patterns import PatternError, compile_pattern
from gwctl.plugins.shared.scopes import WITHOUT_CONSUMER
from gwctl.schema import fields
from gwctl.sdk import PluginConfig, PluginSchema

METHODS = ("GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "TRACE", "CONNECT")


def _origin(text: str) -> str | None:
    if text == "*":
        return None
    try:
        compile_pattern(text)
    except PatternError:
        return f"'{text}' is not a valid regex"
    return None


class Config(PluginConfig):
    """What scripts of other origins may do."""

    origins: tuple[str, ...] | None = fields.array(
        fields.string(check=_origin), help="origins that are allowed: ``*``, plain ones, or expressions"
    )
    headers: tuple[str, ...] | None = fields.array(
        fields.string(), help="request headers that are allowed; by default those that are asked for"
    )
    exposed_headers: tuple[str, ...] | None = fields.array(
        fields.string(), help="headers of the answer that scripts may read"
    )
    methods: tuple[str, ...] | None = fields.array(
        fields.string(one_of=METHODS), default=METHODS, help="methods that are allowed"
    )
    max_age: float | None = fields.number(help="seconds for which a preflight answer may be remembered")
    credentials: bool = fields.boolean(required=True, default=False, help="allow cookies and Authorization")
    private_network: bool = fields.boolean(required=True, default=False, help="allow requests into private networks")
    preflight_continue: bool = fields.boolean(
        required=True, default=False, help="leave preflight requests to the upstream"
    )


SCHEMA = PluginSchema(name="cors", priority=2000, config=Config, scopes=WITHOUT_CONSUMER)
