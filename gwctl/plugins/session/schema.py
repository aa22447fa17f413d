"""The configuration of session (plugins-auth-traffic.md 3.7)."""

from __future__ import annotations

import base64
import secrets

from gwctl.plugins.session.old_names import OLD_NAMES
from gwctl.plugins.shared.scopes import WITHOUT_CONSUMER
from gwctl.schema import fields
from gwctl.sdk import ANY, PluginConfig, PluginSchema

_SECRET_BYTES = 32
_TELLABLE = ("id", "audience", "subject", "timeout", "idling-timeout", "rolling-timeout", "absolute-timeout")


def _random_secret() -> str:
    return base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


class Config(PluginConfig, shorthands=OLD_NAMES):
    """How long a session lives, what its cookie looks like, and what ends it."""

    secret: str | None = fields.string(
        referenceable=True, encrypted=True, generator=_random_secret, help="secret of the cookies; made when not given"
    )
    storage: str | None = fields.string(default="cookie", one_of=("cookie", "kong"), help="where session data stands")
    audience: str | None = fields.string(default="default", help="the application that sessions are for")
    idling_timeout: float | None = fields.number(default=900, help="seconds that a session may stay unused")
    rolling_timeout: float | None = fields.number(default=3600, help="seconds after which a session must be renewed")
    absolute_timeout: float | None = fields.number(default=86400, help="seconds that a session may be renewed")
    stale_ttl: float | None = fields.number(default=10, help="seconds that a renewed session's old cookie is accepted")
    cookie_name: str | None = fields.string(default="session", help="name of the cookie")
    cookie_path: str | None = fields.string(default="/", help="path of the cookie")
    cookie_domain: str | None = fields.string(help="domain of the cookie")
    cookie_same_site: str | None = fields.string(
        default="Strict", one_of=("Strict", "Lax", "None", "Default"), help="SameSite of the cookie"
    )
    cookie_http_only: bool = fields.boolean(required=True, default=True, help="hide the cookie from scripts")
    cookie_secure: bool = fields.boolean(required=True, default=True, help="send the cookie over HTTPS only")
    remember: bool = fields.boolean(required=True, default=False, help="outlive the browser")
    remember_cookie_name: str | None = fields.string(default="remember", help="name of the cookie that outlives it")
    remember_rolling_timeout: float | None = fields.number(
        default=604800, help="seconds after which a remembered session must be renewed"
    )
    remember_absolute_timeout: float | None = fields.number(
        default=2592000, help="seconds that a remembered session may be renewed"
    )
    response_headers: tuple[str, ...] | None = fields.set(
        fields.string(one_of=_TELLABLE), help="what the client is told of the session"
    )
    request_headers: tuple[str, ...] | None = fields.set(
        fields.string(one_of=_TELLABLE), help="what the upstream is told of the session"
    )
    read_body_for_logout: bool = fields.boolean(required=True, default=False, help="look for a logout in bodies")
    logout_methods: tuple[str, ...] | None = fields.set(
        fields.string(one_of=("GET", "POST", "DELETE")), default=("POST", "DELETE"), help="methods that may log out"
    )
    logout_query_arg: str | None = fields.string(default="session_logout", help="query argument that logs out")
    logout_post_arg: str | None = fields.string(default="session_logout", help="field of the body that logs out")


SCHEMA = PluginSchema(name="session", priority=1900, config=Config, protocols=ANY, scopes=WITHOUT_CONSUMER)
