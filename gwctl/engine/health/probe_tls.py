"""TLS of https probes: what they verify, and the certificate they show."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from typing import NamedTuple

from gwctl.engine.health.checks import Checks


class Pair(NamedTuple):
    """A certificate with its chain, and its key, both PEM."""

    certificate: str
    key: str


class ProbeContexts:
    """``pair`` gives the certificate of an id, None when there is none. A context is kept while it is of use.

    ``default`` is shown by upstreams without a certificate of their own.
    """

    def __init__(self, pair: Callable[[str], Pair | None], default: Pair | None = None) -> None:
        self._pair = pair
        self._default = default
        self._contexts: dict[tuple[bool, Pair | None], ssl.SSLContext] = {}

    def forget(self) -> None:
        """Certificates may be others now."""
        self._contexts.clear()

    def context(self, checks: Checks) -> ssl.SSLContext:
        """Raises ssl.SSLError for a certificate or key that is none."""
        own = self._pair(checks.client_certificate) if checks.client_certificate else None
        shown = (checks.active.verify, own or self._default)
        context = self._contexts.get(shown)
        if context is None:
            context = self._contexts[shown] = _context(*shown)
        return context


def _context(verify: bool, pair: Pair | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if pair is not None:
        # the ssl module reads certificates from files only; this one has no name and goes with its descriptor
        descriptor = os.memfd_create("certificate", os.MFD_CLOEXEC)
        try:
            os.write(descriptor, f"{pair.certificate}\n{pair.key}\n".encode())
            context.load_cert_chain(f"/proc/self/fd/{descriptor}")
        finally:
            os.close(descriptor)
    return context
