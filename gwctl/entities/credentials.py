"""Credentials: what consumers show to authentication plugins, and groups that they belong to (admin-api.md 1.10)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from gwctl.entities.common import Identified
from gwctl.schema import Reference, fields, typedefs
from gwctl.schema.checks import Conditional
from gwctl.schema.transform import Transformation

JWT_ALGORITHMS = (
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512",
    "EdDSA",
)  # fmt: skip
_NEEDS_A_KEY = tuple(name for name in JWT_ALGORITHMS if name.startswith(("RS", "PS", "Ed")))


class Credential(Identified):
    """What belongs to one consumer and goes with it."""

    created_at: int | None = fields.integer(auto=True, timestamp=True, help="seconds since the epoch")
    consumer: Reference = fields.foreign("consumers", required=True, on_delete="cascade")
    tags: tuple[str, ...] | None = fields.set(
        fields.string(typedefs.TAG), help="labels for grouping and filtering records"
    )


class KeyAuth(
    Credential,
    name="keyauth_credentials",
    path="key-auths",
    nested_path="key-auth",
    endpoint_key="key",
    cache_key=("key",),
    ttl=True,
):
    """A key for key-auth."""

    key: str | None = fields.string(auto=True, unique=True, encrypted=True)
    ttl: int | None = fields.integer(help="seconds until the key ends")


def _password(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The reference's form, which its data planes compare with: SHA-1 of password and consumer id."""
    salted = f"{record['password']}{record['consumer']['id']}".encode()
    return {"password": hashlib.sha1(salted, usedforsecurity=False).hexdigest()}


class BasicAuth(
    Credential,
    name="basicauth_credentials",
    path="basic-auths",
    nested_path="basic-auth",
    endpoint_key="username",
    cache_key=("username",),
    transformations=(Transformation(("password",), _password, needs=("consumer.id",)),),
):
    """A user name and password for basic-auth; only the hash of the password is kept."""

    username: str = fields.string(required=True, unique=True)
    password: str = fields.string(required=True, encrypted=True)


class HmacAuth(
    Credential,
    name="hmacauth_credentials",
    path="hmac-auths",
    nested_path="hmac-auth",
    endpoint_key="username",
    cache_key=("username",),
):
    """A user name and secret for hmac-auth."""

    username: str = fields.string(required=True, unique=True)
    secret: str | None = fields.string(auto=True, encrypted=True)


def _public_key(text: str) -> str | None:
    from gwctl.kit.pem import public_key_fault

    return None if public_key_fault(text) is None else "invalid key"


class JwtSecret(
    Credential,
    name="jwt_secrets",
    path="jwts",
    nested_path="jwt",
    endpoint_key="key",
    cache_key=("key",),
    checks=(
        Conditional("algorithm", {"one_of": _NEEDS_A_KEY}, "rsa_public_key", {"required": True, "check": _public_key}),
    ),
):
    """A key and the secret, or public key, that signs its tokens, for jwt."""

    key: str | None = fields.string(auto=True, unique=True)
    secret: str | None = fields.string(auto=True, encrypted=True)
    rsa_public_key: str | None = fields.string(help="PEM")
    algorithm: str | None = fields.string(default="HS256", one_of=JWT_ALGORITHMS)


class Acl(Credential, name="acls", unique=(("consumer", "group"),), cache_key=("consumer", "group")):
    """That a consumer belongs to a group."""

    group: str = fields.string(required=True)
