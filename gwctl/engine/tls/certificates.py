"""The certificate for a server name, from the records of the version that is served (proxy.md 10.1).

Nothing is prepared: a record is read, and its context made, when a client first asks for its name. A start with ten
thousand certificates costs nothing, and a change is seen by the next handshake because the version is another one.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from gwctl.engine.ports import RecordView
from gwctl.engine.tls.lru import Lru
from gwctl.engine.tls.names import candidates, name_fault
from gwctl.kit.clock import Clock
from gwctl.kit.pem_files import load_chain
from gwctl.kit.version import Version
from gwctl.schema import RecordDict

_log = logging.getLogger("gwctl.engine")

MOST_CONTEXTS = 1000
MOST_NAMES = 10000
FRESH_SECONDS = 5.0
"""How long a name is believed to mean the same within one version: references to vaults change without one."""

_PAIRS = (("cert", "key"), ("cert_alt", "key_alt"))


@dataclass(frozen=True, slots=True)
class _Known:
    """What a name meant; ``context`` is None for the default certificate."""

    version: Version
    until: float
    context: ssl.SSLContext | None


@dataclass(frozen=True, slots=True)
class _Made:
    """What the texts of a record are good for; ``context`` is None for a broken one."""

    context: ssl.SSLContext | None


class Certificates:
    """``view`` gives the records that are served, ``blank`` contexts without a certificate.

    Memory is bounded: ``most`` contexts, of about 30 KiB each. Making one takes about 2 ms.
    """

    def __init__(
        self,
        view: Callable[[], RecordView],
        blank: Callable[[], ssl.SSLContext],
        clock: Clock,
        most: int = MOST_CONTEXTS,
    ) -> None:
        self._view = view
        self._blank = blank
        self._clock = clock
        self._names: Lru[str, _Known] = Lru(MOST_NAMES)
        self._contexts: Lru[bytes, _Made] = Lru(most)

    def context(self, name: str) -> ssl.SSLContext | None:
        """The context for a client that asks for ``name`` (lower case); None when the default certificate will do."""
        view = self._view()
        now = self._clock.monotonic()
        known = self._names.get(name)
        if known is not None and known.version == view.version and now < known.until:
            return known.context
        fault = name_fault(name)
        if fault is not None:
            _log.debug("invalid SNI '%s', %s", name, fault)
            return None
        context = self._found(view, name)
        self._names.put(name, _Known(view.version, now + FRESH_SECONDS, context))
        return context

    def _found(self, view: RecordView, name: str) -> ssl.SSLContext | None:
        for candidate in candidates(name):
            sni = view.find("snis", "name", candidate)
            if sni is not None:
                record = view.get("certificates", sni["certificate"]["id"])
                return None if record is None else self._of(record, candidate)
        return None

    def _of(self, record: RecordDict, name: str) -> ssl.SSLContext | None:
        pairs = [(record[cert], record[key]) for cert, key in _PAIRS if record.get(cert) and record.get(key)]
        digest = blake2b(repr(pairs).encode(), digest_size=16).digest()
        made = self._contexts.get(digest)
        if made is None:
            made = _Made(self._make(pairs, f"certificates {record.get('id')} of '{name}'"))
            self._contexts.put(digest, made)
        return made.context

    def _make(self, pairs: list[tuple[str, str]], what: str) -> ssl.SSLContext | None:
        if not pairs:
            _log.error("%s cannot be used, the default is shown: there is no certificate with a key in it", what)
            return None
        context = self._blank()
        try:
            for cert, key in pairs:
                load_chain(context, cert.encode(), key.encode())
        except (ssl.SSLError, ValueError) as error:
            reason = getattr(error, "reason", None) or "it cannot be read"
            _log.error("%s cannot be used, the default is shown: %s", what, reason.replace("_", " ").lower())
            return None
        return context
