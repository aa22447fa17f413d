import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from gwctl.kit.pem import certificate_fault, key_fault, key_matches, key_type


def pair(key):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM).decode(), private.decode()


@pytest.fixture(scope="module")
def elliptic():
    return pair(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture(scope="module")
def rivest():
    return pair(rsa.generate_private_key(65537, 2048))


def test_good_pairs(elliptic, rivest):
    for certificate, key in (elliptic, rivest):
        assert certificate_fault(certificate) is None
        assert key_fault(key) is None
        assert key_matches(certificate, key)
    assert (key_type(elliptic[0]), key_type(rivest[0])) == ("ec", "rsa")


def test_a_chain_is_judged_by_its_first_certificate(elliptic, rivest):
    chain = elliptic[0] + rivest[0]
    assert certificate_fault(chain) is None
    assert key_matches(chain, elliptic[1])
    assert not key_matches(chain, rivest[1])


@pytest.mark.parametrize(
    "text", ["", "nonsense", "ø", "\udcff", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_faults(text, elliptic):
    assert certificate_fault(text) is not None
    assert key_fault(text) is not None
    assert not key_matches(text, elliptic[1])
    assert not key_matches(elliptic[0], text)
    assert key_type(text) is None


def test_the_other_kind_of_block_is_a_fault(elliptic):
    certificate, key = elliptic
    assert certificate_fault(key) is not None
    assert key_fault(certificate) is not None


def test_an_encrypted_key_is_a_fault():
    key = ec.generate_private_key(ec.SECP256R1())
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")).decode()
    assert key_fault(text) is not None
