"""certificates and snis: what the gateway shows to TLS clients (admin-api.md 1.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwctl.entities.common import Standard
from gwctl.kit.references import is_reference
from gwctl.schema import Reference, fields, typedefs
from gwctl.schema.checks import Custom, MutuallyRequired

_PAIR = ("cert", "key")
_ALTERNATIVE = ("cert_alt", "key_alt")


def _pair_matches(record: Mapping[str, Any]) -> str | None:
    return _mismatch(record, _PAIR, "certificate does not match key")


def _alternative_matches(record: Mapping[str, Any]) -> str | None:
    return _mismatch(record, _ALTERNATIVE, "alternative certificate does not match key")


def _mismatch(record: Mapping[str, Any], names: tuple[str, str], text: str) -> str | None:
    certificate, key = (record.get(name) for name in names)
    if not _readable(certificate) or not _readable(key):
        return None

    from gwctl.kit.pem import key_matches

    return None if key_matches(str(certificate), str(key)) else text


def _types_differ(record: Mapping[str, Any]) -> str | None:
    certificate, alternative = record.get("cert"), record.get("cert_alt")
    if not _readable(certificate) or not _readable(alternative):
        return None

    from gwctl.kit.pem import key_type

    if key_type(str(certificate)) != key_type(str(alternative)):
        return None
    return (
        "certificate and alternative certificate need to have different type (e.g. RSA and ECDSA), "
        "the provided certificates were both of the same type"
    )


def _readable(value: object) -> bool:
    return isinstance(value, str) and not is_reference(value)


class Certificate(
    Standard,
    name="certificates",
    checks=(
        MutuallyRequired(_ALTERNATIVE),
        Custom(_PAIR, _pair_matches),
        Custom(_ALTERNATIVE, _alternative_matches),
        Custom(("cert", "cert_alt"), _types_differ),
    ),
    virtual={"snis": fields.array(fields.string(typedefs.WILDCARD_SNI), help="the server names it is shown for")},
):
    """A certificate with its private key, and optionally a second pair of another key type."""

    cert: str = fields.string(typedefs.CERTIFICATE, required=True)
    key: str = fields.string(typedefs.KEY, required=True)
    cert_alt: str | None = fields.string(typedefs.CERTIFICATE)
    key_alt: str | None = fields.string(typedefs.KEY)


class Sni(Standard, name="snis", endpoint_key="name"):
    """A server name and the certificate for it."""

    name: str = fields.string(typedefs.WILDCARD_SNI, required=True, unique=True)
    certificate: Reference = fields.foreign("certificates", required=True)
