"""What can be wrong with certificates, in words that name the setting or file and the fix."""

from __future__ import annotations

from gwctl.kit.errors import GwctlError


class CertificateError(GwctlError):
    """A certificate or key that cannot be used or written."""

    code = "certificate"


class TrustError(GwctlError):
    """A peer of the cluster link that is not trusted; the message is the reason that goes to logs and to the peer."""

    code = "untrusted_peer"
