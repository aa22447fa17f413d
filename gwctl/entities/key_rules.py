"""What a JSON Web Key and a PEM pair must satisfy (admin-api.md 1.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from gwctl.kit.references import is_reference

_LISTS = frozenset({"key_ops", "x5c"})
_MEMBERS = _LISTS | {
    "issuer", "kty", "use", "alg", "kid", "x5u", "x5t", "x5t#S256", "k", "x", "y", "crv", "n", "e", "d", "p", "q",
    "dp", "dq", "qi", "oth", "r", "t",
}  # fmt: skip


def jwk_rule(record: Mapping[str, Any]) -> str | Mapping[str, Any] | None:
    """The field ``jwk`` is a JSON Web Key whose ``kid`` is that of the record."""
    text = record.get("jwk")
    if not isinstance(text, str) or is_reference(text):
        return None
    try:
        jwk = orjson.loads(text)
    except orjson.JSONDecodeError:
        jwk = None
    if not isinstance(jwk, dict):
        return "could not json decode jwk string"
    faults = _member_faults(jwk)
    if faults:
        return {"jwk": faults}
    if jwk["kid"] != record.get("kid"):
        return "kid in jwk.kid must be equal to keys.kid"

    from gwctl.kit.jwk import is_loadable

    return None if is_loadable(jwk) else "could not load JWK, likely not a valid key"


def _member_faults(jwk: Mapping[str, Any]) -> dict[str, str]:
    faults = {name: "unknown field" for name in jwk if name not in _MEMBERS}
    for name, value in jwk.items():
        if name in _LISTS:
            if not isinstance(value, list):
                faults[name] = "expected an array"
        elif name in _MEMBERS and not isinstance(value, str):
            faults[name] = "expected a string"
    if jwk.get("kid") is None:
        faults["kid"] = "required field missing"
    return faults


def pem_given(record: Mapping[str, Any]) -> str | None:
    pair = record.get("pem")
    if not isinstance(pair, Mapping) or pair.get("private_key") or pair.get("public_key"):
        return None
    return "need to supply a PEM formatted public and/or private key."


def public_key(text: str) -> str | None:
    from gwctl.kit.pem import public_key_fault

    fault = public_key_fault(text)
    return None if fault is None else f"could not load public key: {fault}"


def private_key(text: str) -> str | None:
    from gwctl.kit.pem import key_fault

    fault = key_fault(text)
    return None if fault is None else f"could not load private key: {fault}"


def pair_matches(pair: Mapping[str, Any]) -> str | None:
    private, public = pair.get("private_key"), pair.get("public_key")
    if not private or not public or is_reference(private) or is_reference(public):
        return None

    from gwctl.kit.pem import private_matches_public

    return None if private_matches_public(private, public) else "public key does not match private key"
