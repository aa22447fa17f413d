"""Certificates and keys for tests, made when first asked for."""

from __future__ import annotations

import datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

_LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
_FAR_AWAY = datetime.datetime(2120, 1, 1, tzinfo=datetime.UTC)


def certificate(name: str = "test", *, ca: bool = True, until: datetime.datetime = _FAR_AWAY) -> str:
    """A self-signed certificate."""
    return _signed(name, ec.generate_private_key(ec.SECP256R1()), ca=ca, until=until)


def certificate_and_key(name: str) -> tuple[str, str]:
    """A self-signed certificate of a server, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return _signed(name, key, ca=False, until=_FAR_AWAY), text


def _signed(name: str, key: ec.EllipticCurvePrivateKey, *, ca: bool, until: datetime.datetime) -> str:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(_LONG_AGO).not_valid_after(until)
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


@cache
def expired_authority() -> str:
    return certificate(until=datetime.datetime(2021, 1, 1, tzinfo=datetime.UTC))


def key_pair() -> tuple[str, str]:
    """A private and its public key, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    )


AUTHORITY = certificate("authority")
