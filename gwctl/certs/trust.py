"""Who may be at the other end of the cluster link (hybrid.md 4.2), and the TLS of both ends."""

from __future__ import annotations

import hmac
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import ClassVar

from gwctl.certs.errors import TrustError
from gwctl.certs.pair import CertificatePair
from gwctl.kit.clock import Clock, SystemClock

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

    ``check_client`` and ``check_server`` must be called after the handshake, before anything is said on the link.
    The server's context already refuses every other certificate. The client's leaves that to ``check_server``: event
    loops send no alert for a handshake that they break off, so a client that verifies there would leave the control
    plane without a reason; this way it sees the wrong certificate too. ``explain_client`` and ``explain_server`` put a
    failed handshake into words for the log of the end that saw it.
    """

    pair: CertificatePair
    clock: Clock = field(default_factory=SystemClock)
    server_name: ClassVar[str] = "kong_clustering"

    @classmethod
    def shared(cls, pair: CertificatePair, clock: Clock | None = None) -> ClusterTrust:
        return cls(pair, clock or SystemClock())

    def server_context(self) -> ssl.SSLContext:
        """For the control plane: asks for a client certificate, ignores its dates, remembers no session."""
        context = self._context(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= _NO_CHECK_TIME
        context.num_tickets = 0
        context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
        return context

    def client_context(self) -> ssl.SSLContext:
        """For a data plane: the peer proves to hold the key of what it presents; ``check_server`` judges that."""
        context = self._context(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
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
        """Raise TrustError unless ``der``, presented by the control plane, is the pinned certificate and valid now."""
        if not der or not self._is_pinned(der):
            raise TrustError(_OTHER_SERVER)
        now = self.clock.now()
        if now > self.pair.not_after:
            raise TrustError(
                f"the cluster certificate expired on {_day(self.pair.not_after)}; "
                "make a new pair with `gwctl hybrid gen_cert` for every node"
            )
        if now < self.pair.not_before:
            raise TrustError(
                f"the cluster certificate is valid from {_day(self.pair.not_before)} on; check the clock of this node"
            )

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
        if isinstance(error, ssl.SSLError) and error.reason in _REFUSAL_ALERTS:
            return (
                "the control plane refused the certificate of this node: its own cluster_cert is another one, "
                "and both nodes need the same certificate and key"
            )
        return f"TLS handshake with the control plane failed: {_words(error)}"

    def _is_pinned(self, der: bytes) -> bool:
        return hmac.compare_digest(sha256(der).digest(), self.pair.sha256)
