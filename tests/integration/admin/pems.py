"""Certificates for tests, made once."""

from __future__ import annotations

import datetime
import functools

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Pair = dict[str, str]
_NOW = datetime.datetime.now(datetime.UTC)


@functools.cache
def _made(kind: str, number: int, ca: bool, days: int) -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{kind}-{number}")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOW - datetime.timedelta(days=20))
        .not_valid_after(_NOW + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    certificate = builder.sign(key, hashes.SHA256())
    return (
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
    )


def pair(kind: str = "ec", number: int = 0) -> Pair:
    """A certificate and its key; the same for the same number."""
    cert, key = _made(kind, number, False, 365)
    return {"cert": cert, "key": key}


def alternative(kind: str, number: int = 0) -> Pair:
    """The pair as ``cert_alt`` and ``key_alt``."""
    return {f"{name}_alt": text for name, text in pair(kind, number).items()}


def authority(number: int = 0, *, days: int = 365) -> str:
    """The certificate of a CA that is valid for ``days`` more."""
    return _made("ec", number, True, days)[0]
