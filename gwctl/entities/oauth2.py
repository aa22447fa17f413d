"""Clients, codes and tokens of oauth2 (admin-api.md 1.10)."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping
from typing import Any

from gwctl.entities.common import Identified
from gwctl.entities.credentials import Credential
from gwctl.schema import Reference, fields, typedefs
from gwctl.schema.transform import Transformation
from gwctl.schema.urls import split_url

_ROUNDS = 10_000
_LENGTH = 32
_SALT = 16
_HASHED = "$pbkdf2-"


def hashed_secret(secret: str, salt: bytes) -> str:
    """The form in which the reference keeps hashed client secrets."""
    digest = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, _ROUNDS, _LENGTH)
    return f"$pbkdf2-sha512$i={_ROUNDS},l={_LENGTH}${_base64(salt)}${_base64(digest)}"


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")


def _secret(record: Mapping[str, Any]) -> Mapping[str, Any]:
    secret = record["client_secret"]
    if not record.get("hash_secret") or secret is None or secret.startswith(_HASHED):
        return {}
    return {"client_secret": hashed_secret(secret, os.urandom(_SALT))}


def _redirect(text: str) -> str | None:
    parts = split_url(text)
    if not parts.scheme or not parts.host:
        return f"cannot parse '{text}'"
    return f"fragment not allowed in '{text}'" if "#" in text else None


class OAuth2Credential(
    Credential,
    name="oauth2_credentials",
    path="oauth2",
    endpoint_key="client_id",
    cache_key=("client_id",),
    transformations=(Transformation(("client_secret", "hash_secret"), _secret),),
):
    """An application that asks for tokens."""

    name: str = fields.string(required=True)
    client_id: str | None = fields.string(auto=True, unique=True)
    client_secret: str | None = fields.string(auto=True, encrypted=True)
    hash_secret: bool = fields.boolean(required=True, default=False, help="keep only a hash of the secret")
    redirect_uris: tuple[str, ...] | None = fields.array(fields.string(check=_redirect))
    client_type: str | None = fields.string(default="confidential", one_of=("confidential", "public"))


class _Grant(Identified):
    """What a client was given for one user, until it ends."""

    created_at: int | None = fields.integer(auto=True, timestamp=True, help="seconds since the epoch")
    service: Reference | None = fields.foreign("services", on_delete="cascade")
    credential: Reference = fields.foreign("oauth2_credentials", required=True, on_delete="cascade")
    authenticated_userid: str | None = fields.string()
    scope: str | None = fields.string()
    ttl: int | None = fields.integer(help="seconds until it ends")


class OAuth2Code(_Grant, name="oauth2_authorization_codes", ttl=True, admin=False, exported=False, dumped=False):
    """An authorization code, to be exchanged for a token."""

    code: str | None = fields.string(auto=True, unique=True)
    challenge: str | None = fields.string()
    challenge_method: str | None = fields.string(one_of=("S256",))
    plugin: Reference | None = fields.foreign("plugins", on_delete="cascade")


class OAuth2Token(_Grant, name="oauth2_tokens", endpoint_key="access_token", cache_key=("access_token",), ttl=True):
    """An access token, and the refresh token that follows it."""

    token_type: str = fields.string(required=True, default="bearer", one_of=("bearer",))
    expires_in: int = fields.integer(required=True, help="seconds; 0 never ends")
    access_token: str | None = fields.string(auto=True, unique=True, encrypted=True)
    refresh_token: str | None = fields.string(unique=True, encrypted=True)
    tags: tuple[str, ...] | None = fields.set(
        fields.string(typedefs.TAG), help="labels for grouping and filtering records"
    )
