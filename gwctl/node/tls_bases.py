"""What workers inherit so that each of them resumes the TLS sessions of the others."""

from __future__ import annotations

import ssl

from gwctl.certs import new_base


class TlsBases:
    """OpenSSL makes the keys of session tickets with a context: processes forked afterwards have the same ones.

    A reload makes new keys. A key that leaks opens recorded connections of TLS 1.2, so nodes that run for long should
    be reloaded now and then.
    """

    def __init__(self) -> None:
        self._generation = -1
        self._base = new_base()

    def of(self, generation: int) -> ssl.SSLContext:
        """The context for the workers of one generation."""
        if generation != self._generation:
            self._generation = generation
            self._base = new_base()
        return self._base
