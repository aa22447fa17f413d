"""The configuration of acme (plugins-auth-traffic.md 3.12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gwctl.plugins.acme.storage import StorageConfig
from gwctl.plugins.shared.scopes import GLOBAL_ONLY
from gwctl.schema import fields, typedefs
from gwctl.schema.checks import Conditional, Custom, value_of
from gwctl.sdk import NodeFacts, PluginConfig, PluginSchema

_LETS_ENCRYPT = ("https://acme-v02.api.letsencrypt.org", "https://acme-staging-v02.api.letsencrypt.org")
_TERMS = "terms of service must be accepted, see https://letsencrypt.org/repository/"


class AccountKey(PluginConfig):
    """A stored key in place of a generated one."""

    key_id: str = fields.string(required=True, help="id of the key")
    key_set: str | None = fields.string(help="key set that holds the key")


class Config(PluginConfig):
    """Who asks which authority for certificates, for which hosts, and where they are kept."""

    account_email: str = fields.string(
        required=True, referenceable=True, encrypted=True, match="@", help="address of the account"
    )
    account_key: AccountKey | None = fields.record(AccountKey, help="the private key of the account")
    api_uri: str | None = fields.string(
        typedefs.URL, default="https://acme-v02.api.letsencrypt.org/directory", help="directory of the authority"
    )
    tos_accepted: bool = fields.boolean(
        required=True, default=False, help="the authority's terms of service are accepted"
    )
    eab_kid: str | None = fields.string(referenceable=True, encrypted=True, help="key id of an external account")
    eab_hmac_key: str | None = fields.string(referenceable=True, encrypted=True, help="key of an external account")
    cert_type: str | None = fields.string(default="rsa", one_of=("rsa", "ecc"), help="kind of the certificates' keys")
    rsa_key_size: float | None = fields.number(default=4096, one_of=(2048, 3072, 4096), help="bits of RSA keys")
    renew_threshold_days: float | None = fields.number(default=14, help="days before the end that begin a renewal")
    domains: tuple[str, ...] | None = fields.array(
        fields.string(typedefs.ROUTE_HOST), help="hosts that get certificates; ``*.`` stands for any name"
    )
    allow_any_domain: bool = fields.boolean(required=True, default=False, help="give certificates to every host")
    fail_backoff_minutes: float | None = fields.number(default=5, help="minutes to wait after a failure")
    storage: str | None = fields.string(
        default="shm", one_of=("kong", "shm", "redis", "consul", "vault"), help="where everything is kept"
    )
    storage_config: StorageConfig = fields.record(StorageConfig, required=True, help="settings of each storage")
    preferred_chain: str | None = fields.string(help="common name of the issuer that is preferred")
    enable_ipv4_common_name: bool = fields.boolean(
        required=True, default=True, help="give certificates to IPv4 addresses too"
    )


def _shared_storage(refused: str, text: str) -> Custom:
    def check(plugin: Mapping[str, Any]) -> str | None:
        return text if value_of(plugin, "config.storage") == refused else None

    return Custom(("config.storage",), check)


_ACCEPTED_TERMS = tuple(
    Conditional("config.api_uri", {"eq": uri}, "config.tos_accepted", {"eq": True}, message=_TERMS)
    for uri in _LETS_ENCRYPT
)
_REACHABLE_REDIS = tuple(
    Conditional("config.storage", {"eq": "redis"}, f"config.storage_config.redis.{name}", {"required": True})
    for name in ("host", "port")
)
_NOT_IN_A_DATABASE = _shared_storage("kong", '"kong" storage can\'t be used with dbless mode')
_NOT_IN_MEMORY = _shared_storage("shm", '"shm" storage can\'t be used in Hybrid mode')


def _on_node(facts: NodeFacts) -> PluginSchema:
    if facts.role == "control_plane":
        return replace(SCHEMA, checks=(*SCHEMA.checks, _NOT_IN_MEMORY))
    if facts.role == "traditional" and not facts.database:
        return replace(SCHEMA, checks=(*SCHEMA.checks, _NOT_IN_A_DATABASE))
    return SCHEMA


SCHEMA = PluginSchema(
    name="acme",
    priority=1705,
    config=Config,
    scopes=GLOBAL_ONLY,
    checks=(*_ACCEPTED_TERMS, *_REACHABLE_REDIS),
    on_node=_on_node,
)
