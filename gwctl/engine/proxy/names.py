"""Which server names clients ask for in their TLS handshakes."""

from __future__ import annotations

import ssl
from weakref import WeakKeyDictionary


class ServerNames:
    """Notes the name of every handshake of ``context``, which Python tells to its callback only."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._names: WeakKeyDictionary[object, str] = WeakKeyDictionary()
        context.sni_callback = self._note

    def _note(self, tls: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        if name is not None:
            self._names[tls] = name.lower()

    def of(self, tls: object) -> str | None:
        """The lower-case name that the client of ``tls`` asked for."""
        return self._names.get(tls)
