"""A certificate with its key, read once and checked to belong together."""

from __future__ import annotations

import base64
import binascii
import os
import re
import ssl
import stat
from dataclasses import dataclass, field
from hashlib import sha256

from gwctl.certs.der import DerError, read_certificate
from gwctl.certs.errors import CertificateError
from gwctl.kit.pem_files import load_chain

_BEGIN = "-----BEGIN"
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----")
_KEY = re.compile(r"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.+?-----END \1PRIVATE KEY-----", re.DOTALL)
_LARGEST = 1 << 20
_COPY_HINT = (
    "the file is damaged or something else; copy it again from the control plane, "
    "or make a new pair with `gwctl hybrid gen_cert` for every node"
)
_OTHER_HINT = "use the certificate and the key that were made together"


@dataclass(frozen=True, slots=True)
class CertificatePair:
    """``sha256`` is the digest of the certificate's DER; times are seconds since the epoch.

    ``cert_pem`` may carry a chain after the certificate. ``places`` are the files, or ``inline text``;
    ``exposed_key`` tells that others than the owner may read the key file.
    """

    cert_pem: bytes
    key_pem: bytes = field(repr=False)
    der: bytes = field(repr=False)
    sha256: bytes
    subject: str
    not_before: float
    not_after: float
    places: tuple[str, str]
    exposed_key: bool = False

    def load_into(self, context: ssl.SSLContext) -> None:
        """Make ``context`` present this certificate. Raises ssl.SSLError."""
        load_chain(context, self.cert_pem, self.key_pem)


@dataclass(frozen=True, slots=True)
class _Source:
    text: bytes
    place: str
    exposed: bool


def load_pair(cert: str, key: str, *, names: tuple[str, str] = ("cluster_cert", "cluster_cert_key")) -> CertificatePair:
    """Read a pair: each of ``cert`` and ``key`` is a path, PEM, or base64 of PEM.

    ``names`` are the settings that errors name. Raises CertificateError.
    """
    cert_name, key_name = names
    cert_source = _read(cert, cert_name, "certificate")
    key_source = _read(key, key_name, "key")
    der = _first_certificate(cert_source, cert_name)
    try:
        facts = read_certificate(der)
    except DerError as error:
        raise _unusable(cert_name, "certificate", cert_source.place, str(error)) from None
    if not _KEY.search(key_source.text.decode("latin-1")):
        raise _unusable(key_name, "key", key_source.place, "no complete PEM private key in it")
    if b"ENCRYPTED" in key_source.text:
        raise CertificateError(
            f"{key_name}: failed loading key from {key_source.place}: it is encrypted",
            hint="store the key without a passphrase, readable by its owner only",
        )
    pair = CertificatePair(
        cert_source.text,
        key_source.text,
        der,
        sha256(der).digest(),
        facts.subject,
        facts.not_before,
        facts.not_after,
        (cert_source.place, key_source.place),
        key_source.exposed,
    )
    _check_together(pair, names)
    return pair


def _read(text: str, name: str, what: str) -> _Source:
    if text.lstrip().startswith(_BEGIN):
        return _Source(text.encode(), "inline text", False)
    inline = _decode(text)
    if inline is not None:
        return _Source(inline, "inline text", False)
    try:
        with open(text, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_LARGEST)
    except OSError as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise CertificateError(
            f"{name}: failed loading {what} from {text}: {reason}",
            hint=f"set {name} to a readable PEM file",
            code="certificate_missing" if isinstance(error, FileNotFoundError) else None,
        ) from None
    exposed = what == "key" and bool(mode & (stat.S_IRGRP | stat.S_IROTH))
    return _Source(content, text, exposed)


def _decode(text: str) -> bytes | None:
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if decoded.lstrip().startswith(_BEGIN.encode()) else None


def _first_certificate(source: _Source, name: str) -> bytes:
    match = _CERTIFICATE.search(source.text.decode("latin-1"))
    if match is None:
        raise _unusable(name, "certificate", source.place, "no complete PEM certificate in it")
    try:
        return base64.b64decode("".join(match[1].split()), validate=True)
    except (binascii.Error, ValueError):
        raise _unusable(name, "certificate", source.place, "its base64 is broken") from None


def _check_together(pair: CertificatePair, names: tuple[str, str]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_verify_locations(cadata=pair.der)
    except ssl.SSLError as error:
        raise _unusable(names[0], "certificate", pair.places[0], _ssl_words(error)) from None
    try:
        pair.load_into(context)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH" or error.reason == "KEY_TYPE_MISMATCH":
            raise CertificateError(
                f"{names[1]}: the key in {pair.places[1]} does not belong to the certificate in {pair.places[0]}",
                hint=_OTHER_HINT,
            ) from None
        raise _unusable(names[1], "key", pair.places[1], _ssl_words(error)) from None


def _ssl_words(error: ssl.SSLError) -> str:
    return (error.reason or "unreadable").replace("_", " ").lower()


def _unusable(name: str, what: str, place: str, reason: str) -> CertificateError:
    return CertificateError(f"{name}: failed loading {what} from {place}: {reason}", hint=_COPY_HINT)
