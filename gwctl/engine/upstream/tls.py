"""TLS towards upstreams (proxy.md 10.3)."""

from __future__ import annotations

import ssl


class UpstreamTls:
    """One context per way of verifying, kept over snapshots so that pooled connections stay usable."""

    def __init__(self) -> None:
        self._contexts: dict[bool, ssl.SSLContext] = {}

    def context(self, *, verify: bool) -> ssl.SSLContext:
        """A client context; without ``verify`` any certificate will do, as in the reference's default."""
        context = self._contexts.get(verify)
        if context is None:
            context = self._contexts[verify] = ssl.create_default_context() if verify else _unverified()
        return context


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
