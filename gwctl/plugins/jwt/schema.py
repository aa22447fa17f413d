"""The configuration of jwt (plugins-auth-traffic.md 3.4)."""

from __future__ import annotations

from gwctl.plugins.shared.scopes import WITHOUT_CONSUMER
from gwctl.schema import fields
from gwctl.schema.checks import Conditional
from gwctl.sdk import PluginConfig, PluginSchema


class Config(PluginConfig):
    """Where a token may stand, and which of its claims are checked."""

    uri_param_names: tuple[str, ...] | None = fields.set(
        fields.string(), default=("jwt",), help="query arguments that may hold a token"
    )
    cookie_names: tuple[str, ...] | None = fields.set(fields.string(), default=(), help="cookies that may hold a token")
    header_names: tuple[str, ...] | None = fields.set(
        fields.string(), default=("authorization",), help="headers that may hold a token"
    )
    key_claim_name: str | None = fields.string(default="iss", help="claim that names the credential")
    secret_is_base64: bool = fields.boolean(required=True, default=False, help="secrets are base64 of what signs")
    claims_to_verify: tuple[str, ...] | None = fields.set(
        fields.string(one_of=("exp", "nbf")), help="registered claims that are checked"
    )
    anonymous: str | None = fields.string(help="id or username of the consumer of requests without valid token")
    run_on_preflight: bool = fields.boolean(required=True, default=True, help="ask OPTIONS requests for a token too")
    maximum_expiration: float | None = fields.number(
        default=0, between=(0, 31536000), help="most seconds that a token may still live; 0 for any"
    )
    realm: str | None = fields.string(help="realm of the challenge in 401 answers")


_NEEDS_EXP = Conditional(
    "config.maximum_expiration",
    {"gt": 0},
    "config.claims_to_verify",
    {"contains": "exp", "ne": None, "message": "expected to contain: exp"},
)


SCHEMA = PluginSchema(name="jwt", priority=1450, config=Config, scopes=WITHOUT_CONSUMER, checks=(_NEEDS_EXP,))
