"""Self-signed certificates of both kinds, as X.509 objects and PEM."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SHARED_NAME = "kong_clustering"
LISTENER_DAYS = 20 * 365

_Key: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_LISTENER_SUBJECT = (
    (NameOID.COUNTRY_NAME, "US"),
    (NameOID.STATE_OR_PROVINCE_NAME, "California"),
    (NameOID.LOCALITY_NAME, "San Francisco"),
    (NameOID.ORGANIZATION_NAME, "Kong"),
    (NameOID.ORGANIZATIONAL_UNIT_NAME, "IT Department"),
    (NameOID.COMMON_NAME, "localhost"),
)
_LOCAL_NAMES: tuple[x509.GeneralName, ...] = (
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.IPAddress(ipaddress.ip_address("::1")),
)


def shared_pair(days: int, now: float) -> tuple[bytes, bytes]:
    """See ``gwctl.certs.issue``."""
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SHARED_NAME)])
    usages = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
    return _self_signed(key, name, (x509.DNSName(SHARED_NAME),), usages, days, now)


def default_pair(kind: Literal["rsa", "ec"], now: float) -> tuple[bytes, bytes]:
    """See ``gwctl.certs.issue``."""
    key: _Key = (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        if kind == "rsa"
        else ec.generate_private_key(ec.SECP256R1())
    )
    name = x509.Name([x509.NameAttribute(oid, text) for oid, text in _LISTENER_SUBJECT])
    return _self_signed(key, name, _LOCAL_NAMES, (ExtendedKeyUsageOID.SERVER_AUTH,), LISTENER_DAYS, now)


def _self_signed(
    key: _Key,
    name: x509.Name,
    alternatives: Sequence[x509.GeneralName],
    usages: Sequence[x509.ObjectIdentifier],
    days: int,
    now: float,
) -> tuple[bytes, bytes]:
    start = datetime.fromtimestamp(int(now), UTC)
    encipherment = isinstance(key, rsa.RSAPrivateKey)
    certificate = (
        x509.CertificateBuilder(
            issuer_name=name,
            subject_name=name,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=start,
            not_valid_after=start + timedelta(days=days),
        )
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(encipherment), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), key_pem


def _key_usage(encipherment: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
