"""PEM texts: are they certificates and keys, and do they belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

_NO_START_LINE = "PEM routines::no start line"
_BAD_CONTENT = "PEM routines::bad base64 decode or content"


def certificate_fault(text: str) -> str | None:
    """Why the first PEM block of ``text`` is no certificate, or None when it is one."""
    if "-----BEGIN" not in text:
        return _NO_START_LINE
    return None if _certificate(text) is not None else _BAD_CONTENT


def key_fault(text: str) -> str | None:
    """Why ``text`` is no unencrypted private key, or None when it is one."""
    if "-----BEGIN" not in text:
        return _NO_START_LINE
    return None if _private_key(text) is not None else _BAD_CONTENT


def key_matches(certificate: str, key: str) -> bool:
    """True when the private ``key`` belongs to ``certificate``; False also when one of them cannot be read."""
    public, private = _public_key(certificate), _private_key(key)
    if public is None or private is None:
        return False
    return _encoded(public) == _encoded(private.public_key())


def key_type(certificate: str) -> str | None:
    """``rsa``, ``ec`` or another word for the kind of public key; None when the certificate cannot be read."""
    public = _public_key(certificate)
    return None if public is None else type(public).__name__.strip("_").removesuffix("PublicKey").lower()


def _certificate(text: str) -> x509.Certificate | None:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(text.encode())
    except (ValueError, UnicodeEncodeError):
        return None


def _public_key(text: str) -> PublicKeyTypes | None:
    from cryptography.exceptions import UnsupportedAlgorithm

    certificate = _certificate(text)
    try:
        return None if certificate is None else certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None


def _private_key(text: str) -> PrivateKeyTypes | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnicodeEncodeError, UnsupportedAlgorithm):
        return None


def _encoded(key: PublicKeyTypes) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def public_key_fault(text: str) -> str | None:
    """Why ``text`` is no public key, or None when it is one."""
    if "-----BEGIN" not in text:
        return _NO_START_LINE
    return None if _bare_public_key(text) is not None else _BAD_CONTENT


def private_matches_public(private: str, public: str) -> bool:
    """True when two PEM keys are one pair; False also when one of them cannot be read."""
    key, other = _private_key(private), _bare_public_key(public)
    if key is None or other is None:
        return False
    return _encoded(key.public_key()) == _encoded(other)


def certificates_in(text: str) -> int:
    """How many PEM blocks ``text`` has."""
    return text.count("-----BEGIN ")


def is_authority(certificate: str) -> bool:
    """True when the basic constraints of ``certificate`` say that it may sign others."""
    from cryptography import x509

    parsed = _certificate(certificate)
    if parsed is None:
        return False
    try:
        return parsed.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return False


def ends_at(certificate: str) -> float:
    """The end of its validity in seconds since the epoch; 0 when it cannot be read."""
    parsed = _certificate(certificate)
    return 0.0 if parsed is None else parsed.not_valid_after_utc.timestamp()


def certificate_digest(certificate: str) -> str | None:
    """The SHA-256 of the certificate itself, in lower-case hexadecimal; None when it cannot be read."""
    import hashlib

    from cryptography.hazmat.primitives.serialization import Encoding

    parsed = _certificate(certificate)
    return None if parsed is None else hashlib.sha256(parsed.public_bytes(Encoding.DER)).hexdigest()


def _bare_public_key(text: str) -> PublicKeyTypes | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        return load_pem_public_key(text.encode())
    except (ValueError, TypeError, UnicodeEncodeError, UnsupportedAlgorithm):
        return None
