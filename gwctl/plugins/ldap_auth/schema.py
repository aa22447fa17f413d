"""The configuration of ldap-auth (plugins-auth-traffic.md 3.6)."""

from __future__ import annotations

from gwctl.plugins.shared.scopes import WITHOUT_CONSUMER
from gwctl.schema import fields, typedefs
from gwctl.schema.checks import Conditional
from gwctl.sdk import PluginConfig, PluginSchema

_ONE_KIND_OF_TLS = Conditional(
    "ldaps",
    {"eq": True},
    "start_tls",
    {"eq": False},
    message="'ldaps' and 'start_tls' cannot be enabled simultaneously",
)


class Config(PluginConfig, checks=(_ONE_KIND_OF_TLS,)):
    """Which directory knows the users, and how it is asked."""

    ldap_host: str = fields.string(typedefs.HOST, required=True, help="host of the directory")
    ldap_port: int = fields.integer(typedefs.PORT, required=True, default=389, help="port of the directory")
    ldaps: bool = fields.boolean(required=True, default=False, help="speak TLS from the first byte")
    start_tls: bool = fields.boolean(required=True, default=False, help="change to TLS with StartTLS")
    verify_ldap_host: bool = fields.boolean(required=True, default=False, help="verify the directory's certificate")
    base_dn: str = fields.string(required=True, help="the entry below which users stand")
    attribute: str = fields.string(required=True, help="the attribute that holds the user name")
    cache_ttl: float = fields.number(required=True, default=60, help="seconds for which an answer is remembered")
    hide_credentials: bool = fields.boolean(required=True, default=False, help="keep the credentials from the upstream")
    timeout: float | None = fields.number(default=10000, help="milliseconds to wait for the directory")
    keepalive: float | None = fields.number(default=60000, help="milliseconds that an idle connection is kept")
    anonymous: str | None = fields.string(help="id or username of the consumer of requests without valid credentials")
    header_type: str | None = fields.string(default="ldap", help="scheme of the Authorization header")
    realm: str | None = fields.string(help="realm of the challenge in 401 answers")


SCHEMA = PluginSchema(name="ldap-auth", priority=1200, config=Config, scopes=WITHOUT_CONSUMER)
