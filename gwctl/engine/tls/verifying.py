"""What became of a handshake with an upstream: chains that are too long, and the words for failures."""

from __future__ import annotations

import ssl
from typing import Any

_TOO_LONG = "(22:certificate chain too long)"
_VERIFY_ERROR = "upstream SSL certificate verify error: {} while SSL handshaking to upstream"
_OTHER_NAME = 'upstream SSL certificate does not match "{}" while SSL handshaking to upstream'
_HOSTNAME_MISMATCH, _IP_MISMATCH = 62, 64
_ENDS = 2


class ChainTooLong(Exception):
    """The upstream's chain has more intermediate certificates than allowed."""


def check_depth(tls: Any, depth: int | None) -> None:
    """Python cannot limit chains in the handshake: look at the verified one afterwards, before anything is sent.

    The leaf and the authority do not count. Raises ChainTooLong, also when the chain cannot be told.
    """
    if depth is None:
        return
    # public from Python 3.13 on, before that only on the object inside
    chain = getattr(tls, "get_verified_chain", None) or getattr(
        getattr(tls, "_sslobj", None), "get_verified_chain", None
    )
    certificates = chain() if chain is not None else None
    if not certificates or len(certificates) - _ENDS > depth:
        raise ChainTooLong(_VERIFY_ERROR.format(_TOO_LONG))


def words(error: Exception, name: str | None) -> str:
    """``error`` in the words of the reference's log; ``name`` is what the certificate had to be for."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return str(error)
    if error.verify_code in (_HOSTNAME_MISMATCH, _IP_MISMATCH):
        return _OTHER_NAME.format(name or "")
    return _VERIFY_ERROR.format(f"({error.verify_code}:{error.verify_message})")
