"""The connection to a Redis server, and the flat names it had before (plugins-auth-traffic.md 3.12, 3.13)."""

from __future__ import annotations

from gwctl.schema import fields, typedefs
from gwctl.schema.shorthand import Shorthand, renamed
from gwctl.sdk import PluginConfig


class Redis(PluginConfig):
    """One Redis server."""

    host: str | None = fields.string(typedefs.HOST, help="host of the server")
    port: int | None = fields.integer(typedefs.PORT, default=6379, help="port of the server")
    timeout: int | None = fields.integer(typedefs.TIMEOUT, default=2000, help="milliseconds to wait for the server")
    username: str | None = fields.string(referenceable=True, help="user, for servers with access lists")
    password: str | None = fields.string(referenceable=True, encrypted=True, len_min=0, help="password of the user")
    database: int | None = fields.integer(default=0, help="number of the database")
    ssl: bool = fields.boolean(required=True, default=False, help="speak TLS")
    ssl_verify: bool = fields.boolean(required=True, default=False, help="verify the server's certificate")
    server_name: str | None = fields.string(typedefs.SNI, help="name to ask for in TLS")


_FLAT = (
    ("redis_host", fields.string(), "host"),
    ("redis_port", fields.integer(), "port"),
    ("redis_password", fields.string(len_min=0), "password"),
    ("redis_username", fields.string(), "username"),
    ("redis_ssl", fields.boolean(), "ssl"),
    ("redis_ssl_verify", fields.boolean(), "ssl_verify"),
    ("redis_server_name", fields.string(), "server_name"),
    ("redis_timeout", fields.integer(), "timeout"),
    ("redis_database", fields.integer(), "database"),
)


def flat_redis(plugin: str) -> tuple[Shorthand, ...]:
    """``redis_host`` and its like: the old names of the fields of ``config.redis`` of ``plugin``."""
    return tuple(
        renamed(old, field, ("redis", new), plugin=plugin, old_default=Redis.declared[new].default)
        for old, field, new in _FLAT
    )
