"""Authorities for tests, and the certificates that they issue."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from typing import Literal, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_FROM = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
_UNTIL = datetime.datetime(2120, 1, 1, tzinfo=datetime.UTC)

Key: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Issued:
    """PEM of a certificate, with the intermediate ones behind it, and of its key."""

    cert: str
    key: str


class Authority:
    """Signs with a key of its own; ``above`` signs it, or nobody."""

    def __init__(self, name: str, above: Authority | None = None) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self._above = above
        issuer = above or self
        builder = issuer._builder(self._name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.cert = builder.sign(issuer._key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()

    @property
    def chain(self) -> str:
        """The intermediate certificates from here up."""
        return "" if self._above is None else self.cert + self._above.chain

    def issue(self, *names: str, kind: Literal["ec", "rsa"] = "ec") -> Issued:
        """A certificate for host names or addresses, the first of which is its common name."""
        key: Key = (
            ec.generate_private_key(ec.SECP256R1())
            if kind == "ec"
            else rsa.generate_private_key(public_exponent=65537, key_size=2048)
        )
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
        builder = self._builder(subject, key).add_extension(
            x509.SubjectAlternativeName([_general(name) for name in names]), critical=False
        )
        cert = builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
        text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return Issued(cert + self.chain, text)

    def _builder(self, subject: x509.Name, key: Key) -> x509.CertificateBuilder:
        return x509.CertificateBuilder(
            issuer_name=self._name,
            subject_name=subject,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=_FROM,
            not_valid_after=_UNTIL,
        )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
