"""The configuration of oauth2 (plugins-auth-traffic.md 3.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwctl.kit.ids import random_token
from gwctl.plugins.shared.scopes import WITHOUT_CONSUMER
from gwctl.schema import fields
from gwctl.schema.checks import Conditional
from gwctl.sdk import PluginConfig, PluginSchema

FLOWS = ("enable_authorization_code", "enable_implicit_grant", "enable_client_credentials", "enable_password_grant")

_NAMED_SCOPES = Conditional("mandatory_scope", {"eq": True}, "scopes", {"required": True})


class Config(PluginConfig, checks=(_NAMED_SCOPES,)):
    """Which ways to a token are open, and what tokens are worth."""

    scopes: tuple[str, ...] | None = fields.array(fields.string(), help="scopes that clients may ask for")
    mandatory_scope: bool = fields.boolean(required=True, default=False, help="refuse clients that ask for no scope")
    provision_key: str = fields.string(
        required=True,
        auto=True,
        generator=random_token,
        encrypted=True,
        help="secret of the application that asks users; made when not given",
    )
    token_expiration: float | None = fields.number(default=7200, help="seconds that a token lives; 0 for ever")
    enable_authorization_code: bool = fields.boolean(required=True, default=False, help="the authorization code flow")
    enable_implicit_grant: bool = fields.boolean(required=True, default=False, help="the implicit flow")
    enable_client_credentials: bool = fields.boolean(required=True, default=False, help="the client credentials flow")
    enable_password_grant: bool = fields.boolean(required=True, default=False, help="the password flow")
    hide_credentials: bool = fields.boolean(required=True, default=False, help="keep the token from the upstream")
    accept_http_if_already_terminated: bool = fields.boolean(
        required=True, default=False, help="accept plain HTTP from a trusted proxy that took HTTPS"
    )
    anonymous: str | None = fields.string(help="id or username of the consumer of requests without a valid token")
    global_credentials: bool = fields.boolean(
        required=True, default=False, help="accept tokens that other services gave out"
    )
    auth_header_name: str | None = fields.string(default="authorization", help="header that holds the token")
    refresh_token_ttl: float | None = fields.number(
        default=1209600, between=(0, 100000000), help="seconds that a refresh token lives; 0 for ever"
    )
    reuse_refresh_token: bool = fields.boolean(
        required=True, default=False, help="keep the refresh token when it is used"
    )
    pkce: str | None = fields.string(
        default="lax", one_of=("none", "lax", "strict"), help="which clients must prove with a code verifier"
    )
    realm: str | None = fields.string(help="realm of the challenge in 401 answers")


def _some_flow(config: Mapping[str, Any]) -> str | None:
    if any(config.get(flow) for flow in FLOWS):
        return None
    return f"at least one of these fields must be true: {', '.join(FLOWS)}"


SCHEMA = PluginSchema(name="oauth2", priority=1400, config=Config, scopes=WITHOUT_CONSUMER, check=_some_flow)
