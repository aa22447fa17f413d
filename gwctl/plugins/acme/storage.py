"""Where acme keeps accounts, certificates and challenges (plugins-auth-traffic.md 3.12)."""

from __future__ import annotations

from typing import Any

from gwctl.plugins.shared.dictionaries import known_dictionary
from gwctl.plugins.shared.redis import Redis
from gwctl.schema import Field, fields, typedefs
from gwctl.schema.deprecation import Deprecation
from gwctl.schema.shorthand import Shorthand, moved_to
from gwctl.sdk import PluginConfig

_RESERVED = ("kong_acme:renew_config:", "kong_acme:renew_last_run", "kong_acme:cert_key:")


def _namespace(text: str) -> str | None:
    for word in _RESERVED:
        if text.startswith(word):
            return f"namespace can't be prefixed with reserved word: {word}"
    return None


class Shm(PluginConfig):
    """Storage in the memory of one node."""

    shm_name: str | None = fields.string(
        default="kong", check=known_dictionary, help="a name of the reference's; without effect"
    )


class InDatabase(PluginConfig):
    """Storage in the gateway's own database; it has no settings."""


class RedisOptions(PluginConfig):
    """What only acme asks of a Redis server."""

    namespace: str | None = fields.string(default="", len_min=0, check=_namespace, help="what every key begins with")
    scan_count: float | None = fields.number(default=10, help="keys per step when they are listed")


def _old(name: str, field: Field, path: tuple[str, ...], default: Any) -> Shorthand:
    within = "config.storage_config.redis"
    deprecation = Deprecation(
        message=f"acme: {within}.{name} is deprecated, please use {within}.{'.'.join(path)} instead",
        old_default=default,
        replaced_with=(path,),
    )
    return Shorthand(name, field, moved_to(path), deprecation=deprecation, translate_backwards=path)


_OLD_NAMES = (
    _old("auth", fields.string(referenceable=True, len_min=0), ("password",), None),
    _old("ssl_server_name", fields.string(typedefs.SNI), ("server_name",), None),
    _old("namespace", fields.string(len_min=0, check=_namespace), ("extra_options", "namespace"), ""),
    _old("scan_count", fields.number(), ("extra_options", "scan_count"), 10),
)


class AcmeRedis(Redis, shorthands=_OLD_NAMES):
    """Storage in Redis."""

    extra_options: RedisOptions = fields.record(RedisOptions, required=True, help="what only acme asks of it")


class Consul(PluginConfig):
    """Storage in Consul."""

    https: bool = fields.boolean(required=True, default=False, help="speak TLS")
    host: str | None = fields.string(typedefs.HOST, help="host of the server")
    port: int | None = fields.integer(typedefs.PORT, help="port of the server")
    kv_path: str | None = fields.string(help="what every key begins with")
    timeout: float | None = fields.number(help="milliseconds to wait for the server")
    token: str | None = fields.string(referenceable=True, help="token of the server")


class HashicorpVault(Consul):
    """Storage in HashiCorp Vault."""

    tls_verify: bool = fields.boolean(required=True, default=True, help="verify the server's certificate")
    tls_server_name: str | None = fields.string(help="name to ask for in TLS")
    auth_method: str | None = fields.string(
        default="token", one_of=("token", "kubernetes"), help="how this gateway shows who it is"
    )
    auth_path: str | None = fields.string(help="path of the method kubernetes")
    auth_role: str | None = fields.string(help="role in the method kubernetes")
    jwt_path: str | None = fields.string(help="file with the token of the method kubernetes")


class StorageConfig(PluginConfig):
    """Settings of each kind of storage."""

    shm: Shm = fields.record(Shm, required=True, help="memory of one node")
    kong: InDatabase = fields.record(InDatabase, required=True, help="the gateway's own database")
    redis: AcmeRedis = fields.record(AcmeRedis, required=True, help="Redis")
    consul: Consul = fields.record(Consul, required=True, help="Consul")
    vault: HashicorpVault = fields.record(HashicorpVault, required=True, help="HashiCorp Vault")
