"""TLS of https probes: what they verify, and the certificate they show."""

from __future__ import annotations

import ssl

from gwctl.engine.health.checks import Checks
from gwctl.engine.tls.upstream import ClientTls, Lookup, UpstreamTls


class ProbeContexts:
    """Made as for services, from the same defaults; kept until the records may be others."""

    def __init__(self, tls: UpstreamTls) -> None:
        self._tls = tls
        self._records: Lookup | None = None
        self._made: dict[tuple[bool, str | None], ClientTls] = {}

    def read(self, records: Lookup) -> None:
        """Take certificates from ``records`` from now on."""
        self._records = records
        self._made.clear()

    def context(self, checks: Checks) -> ssl.SSLContext:
        """``read`` comes first."""
        shown = (checks.active.verify, checks.client_certificate)
        made = self._made.get(shown)
        if made is None:
            if self._records is None:
                raise RuntimeError("context before read")
            certificate = {"id": checks.client_certificate} if checks.client_certificate else None
            service = {"tls_verify": checks.active.verify, "client_certificate": certificate}
            made = self._made[shown] = self._tls.of(service, None, self._records)
        return made.context
