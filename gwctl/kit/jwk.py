"""JSON Web Keys (RFC 7517, 7518, 8037): whether one can be loaded."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

_CURVES = {"P-256": "SECP256R1", "P-384": "SECP384R1", "P-521": "SECP521R1", "secp256k1": "SECP256K1"}


def is_loadable(jwk: Mapping[str, Any]) -> bool:
    """True for a JWK that holds a public, private or symmetric key of a known type."""
    from cryptography.exceptions import UnsupportedAlgorithm

    load = _LOADERS.get(str(jwk.get("kty")))
    if load is None:
        return False
    try:
        return load(jwk)
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error, UnsupportedAlgorithm):
        return False


def _rsa(jwk: Mapping[str, Any]) -> bool:
    from cryptography.hazmat.primitives.asymmetric import rsa

    public = rsa.RSAPublicNumbers(_number(jwk["e"]), _number(jwk["n"]))
    if "d" not in jwk:
        return public.public_key() is not None
    d = _number(jwk["d"])
    if "p" in jwk:
        p, q = _number(jwk["p"]), _number(jwk["q"])
    else:
        p, q = rsa.rsa_recover_prime_factors(public.n, public.e, d)
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public
    )
    return numbers.private_key() is not None


def _elliptic(jwk: Mapping[str, Any]) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec

    curve = getattr(ec, _CURVES[jwk["crv"]])()
    public = ec.EllipticCurvePublicNumbers(_number(jwk["x"]), _number(jwk["y"]), curve)
    if "d" not in jwk:
        return public.public_key() is not None
    return ec.EllipticCurvePrivateNumbers(_number(jwk["d"]), public).private_key() is not None


def _octet_pair(jwk: Mapping[str, Any]) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ed448, ed25519, x448, x25519

    kinds: dict[str, tuple[Callable[[bytes], object], Callable[[bytes], object]]] = {
        "Ed25519": (ed25519.Ed25519PublicKey.from_public_bytes, ed25519.Ed25519PrivateKey.from_private_bytes),
        "Ed448": (ed448.Ed448PublicKey.from_public_bytes, ed448.Ed448PrivateKey.from_private_bytes),
        "X25519": (x25519.X25519PublicKey.from_public_bytes, x25519.X25519PrivateKey.from_private_bytes),
        "X448": (x448.X448PublicKey.from_public_bytes, x448.X448PrivateKey.from_private_bytes),
    }
    load_public, load_private = kinds[jwk["crv"]]
    load_public(_octets(jwk["x"]))
    if "d" in jwk:
        load_private(_octets(jwk["d"]))
    return True


def _symmetric(jwk: Mapping[str, Any]) -> bool:
    return bool(_octets(jwk["k"]))


def _octets(text: str) -> bytes:
    return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)


def _number(text: str) -> int:
    return int.from_bytes(_octets(text), "big")


_LOADERS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "RSA": _rsa,
    "EC": _elliptic,
    "OKP": _octet_pair,
    "oct": _symmetric,
}
