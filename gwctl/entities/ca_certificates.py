"""ca_certificates: authorities that upstreams and clients are checked against (admin-api.md 1.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwctl.entities.common import Standard
from gwctl.kit.clock import SystemClock
from gwctl.schema import fields
from gwctl.schema.checks import Custom
from gwctl.schema.texts import certificate
from gwctl.schema.transform import Transformation


def _authority(record: Mapping[str, Any]) -> str | None:
    """One certificate, not expired, of an authority."""
    from gwctl.kit import pem

    text = record.get("cert")
    if not isinstance(text, str):
        return None
    if pem.certificates_in(text) > 1:
        return "please submit only one certificate at a time"
    if pem.ends_at(text) < SystemClock().now():
        return 'certificate expired, "Not After" time is in the past'
    if not pem.is_authority(text):
        return 'certificate does not appear to be a CA because it is missing the "CA" basic constraint'
    return None


def _digest(record: Mapping[str, Any]) -> Mapping[str, Any]:
    from gwctl.kit.pem import certificate_digest

    return {"cert_digest": certificate_digest(record["cert"])}


class CaCertificate(
    Standard,
    name="ca_certificates",
    checks=(Custom(("cert",), _authority),),
    transformations=(Transformation((), _digest, always=True),),
):
    """The certificate of one authority."""

    cert: str = fields.string(required=True, check=certificate)
    cert_digest: str | None = fields.string(unique=True, help="SHA-256 of the certificate; computed, never taken")
