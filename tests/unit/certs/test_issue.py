from __future__ import annotations

import datetime
import ipaddress
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gwctl.certs import issue_default_pair, issue_shared_pair

NOW = 1_800_000_000.75


def test_the_shared_pair() -> None:
    cert_pem, key_pem = issue_shared_pair(1095, NOW)
    certificate = x509.load_pem_x509_certificate(cert_pem)
    key = load_pem_private_key(key_pem, None)
    assert cert_pem.startswith(b"-----BEGIN CERTIFICATE-----\n")
    assert key_pem.startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP384R1)
    assert certificate.public_key() == key.public_key()
    assert certificate.version is x509.Version.v3
    assert certificate.subject == certificate.issuer
    assert certificate.subject.rfc4514_string() == "CN=kong_clustering"
    assert certificate.not_valid_before_utc.timestamp() == int(NOW)
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == datetime.timedelta(days=1095)
    assert isinstance(certificate.signature_hash_algorithm, hashes.SHA256)
    alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert alternatives.get_values_for_type(x509.DNSName) == ["kong_clustering"]
    usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(usages) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}


def test_serial_numbers_are_random() -> None:
    first, second = (x509.load_pem_x509_certificate(issue_shared_pair(1, NOW)[0]) for _ in range(2))
    assert 0 < first.serial_number != second.serial_number > 0
    assert min(first.serial_number, second.serial_number).bit_length() > 64


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_the_default_pair_of_a_listener(kind: str) -> None:
    cert_pem, key_pem = issue_default_pair(kind, time.time())  # type: ignore[arg-type]
    certificate = x509.load_pem_x509_certificate(cert_pem)
    key = load_pem_private_key(key_pem, None)
    if kind == "rsa":
        assert isinstance(key, rsa.RSAPrivateKey)
        assert key.key_size == 2048
    else:
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        assert isinstance(key.curve, ec.SECP256R1)
    names = {attribute.oid: attribute.value for attribute in certificate.subject}
    assert names[NameOID.COMMON_NAME] == "localhost"
    assert names[NameOID.ORGANIZATION_NAME] == "Kong"
    assert names[NameOID.LOCALITY_NAME] == "San Francisco"
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == datetime.timedelta(days=20 * 365)
    alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert alternatives.get_values_for_type(x509.DNSName) == ["localhost"]
    assert ipaddress.ip_address("127.0.0.1") in alternatives.get_values_for_type(x509.IPAddress)
