"""Making certificates. The library behind it is loaded by the first call, because most commands never make one."""

from __future__ import annotations

from typing import Literal


def issue_shared_pair(days: int, now: float) -> tuple[bytes, bytes]:
    """(certificate, key) in PEM for the cluster link (hybrid.md 3.4): P-384, valid for ``days`` from ``now`` on.

    Unlike the reference's it is version 3 with a SAN and a random serial number, so that strict TLS stacks take it.
    """
    from gwctl.certs import selfsigned

    return selfsigned.shared_pair(days, now)


def issue_default_pair(kind: Literal["rsa", "ec"], now: float) -> tuple[bytes, bytes]:
    """(certificate, key) in PEM for ``localhost``, 20 years: what a listener without its own has (hybrid.md 2.8)."""
    from gwctl.certs import selfsigned

    return selfsigned.default_pair(kind, now)
