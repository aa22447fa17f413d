"""Who may be at the other end of the cluster link (hybrid.md 4.2), and the TLS of both ends."""

from __future__ import annotations

import hmac
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import ClassVar

from gwctl.certs.errors import TrustError
from gwctl.certs.pair import CertificatePair

_NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME: a control plane compares the digest of a client's certificate, not its dates."""

_NONE_PRESENTED = "data plane failed to present client certificate during handshake"
_OTHER_CLIENT = (
    "data plane presented incorrect client certificate during handshake "
    "(digest does not match the control plane certificate)"
)
_OTHER_SERVER = (
    "the control plane presented another certificate than the cluster_cert of this node; "
    "both nodes need the same certificate and key"
)

_V_NOT_YET_VALID, _V_EXPIRED = 9, 10
_EXPIRY_ALERTS = ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "SSL/TLS_ALERT_CERTIFICATE_EXPIRED")
_REFUSAL_ALERTS = (
    "TLSV1_ALERT_UNKNOWN_CA",
    "SSLV3_ALERT_BAD_CERTIFICATE",
    "SSL/TLS_ALERT_BAD_CERTIFICATE",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
    "SSL/TLS_ALERT_CERTIFICATE_UNKNOWN",
)


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _words(error: BaseException) -> str:
    reason = getattr(error, "reason", None)
    return reason.replace("_", " ").lower() if isinstance(reason, str) else str(error) or type(error).__name__


@dataclass(frozen=True, slots=True)
class ClusterTrust:
    """Shared mode: every node holds the same certificate, and trusts exactly that one.

    The contexts trust nothing else, so another certificate fails the handshake; ``check_client`` and ``check_server``
    compare the digests once more before anything is said on the link. A failed handshake carries only an alert over the
    wire: ``explain_client`` and ``explain_server`` put it into words for the log of the end that saw it.
    """

    pair: CertificatePair
    server_name: ClassVar[str] = "kong_clustering"

    @classmethod
    def shared(cls, pair: CertificatePair) -> ClusterTrust:
        return cls(pair)

    def server_context(self) -> ssl.SSLContext:
        """For the control plane: asks for a client certificate, ignores its dates, remembers no session."""
        context = self._context(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= _NO_CHECK_TIME
        context.num_tickets = 0
        context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
        return context

    def client_context(self) -> ssl.SSLContext:
        """For a data plane: the certificate must be the pinned one and valid today; names do not matter then."""
        context = self._context(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _context(self, protocol: int) -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_flags = (context.verify_flags | ssl.VERIFY_X509_PARTIAL_CHAIN) & ~ssl.VERIFY_X509_STRICT
        context.load_verify_locations(cadata=self.pair.der)
        self.pair.load_into(context)
        return context

    def check_client(self, der: bytes | None) -> None:
        """Raise TrustError unless ``der``, the certificate that a data plane presented, is the pinned one."""
        if not der:
            raise TrustError(_NONE_PRESENTED)
        if not self._is_pinned(der):
            raise TrustError(_OTHER_CLIENT)

    def check_server(self, der: bytes | None) -> None:
        """Raise TrustError unless ``der``, the certificate that the control plane presented, is the pinned one."""
        if not der or not self._is_pinned(der):
            raise TrustError(_OTHER_SERVER)

    def explain_client(self, error: BaseException) -> str:
        """For the control plane: why the handshake with a data plane failed."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return _OTHER_CLIENT
        if isinstance(error, ssl.SSLError) and error.reason in _EXPIRY_ALERTS:
            return f"data plane refused the certificate of this control plane, expired on {_day(self.pair.not_after)}"
        if isinstance(error, ssl.SSLError) and error.reason in _REFUSAL_ALERTS:
            return (
                "data plane refused the certificate of this control plane: its own cluster_cert is another one, "
                "and both nodes need the same certificate and key"
            )
        return f"TLS handshake with data plane failed: {_words(error)}"

    def explain_server(self, error: BaseException) -> str:
        """For a data plane: why the handshake with the control plane failed."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return self._explain_verification(error.verify_code)
        if isinstance(error, ssl.SSLError) and error.reason in _REFUSAL_ALERTS:
            return (
                "the control plane refused the certificate of this node: its own cluster_cert is another one, "
                "and both nodes need the same certificate and key"
            )
        return f"TLS handshake with the control plane failed: {_words(error)}"

    def _explain_verification(self, code: int) -> str:
        if code == _V_EXPIRED:
            return (
                f"the cluster certificate expired on {_day(self.pair.not_after)}; "
                "make a new pair with `gwctl hybrid gen_cert` for every node"
            )
        if code == _V_NOT_YET_VALID:
            return (
                f"the cluster certificate is valid from {_day(self.pair.not_before)} on; check the clock of this node"
            )
        return _OTHER_SERVER

    def _is_pinned(self, der: bytes) -> bool:
        return hmac.compare_digest(sha256(der).digest(), self.pair.sha256)
