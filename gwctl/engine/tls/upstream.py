"""TLS towards upstreams (proxy.md 5, 10.3): who is trusted, how far, and which certificate is presented."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol
from weakref import WeakValueDictionary

from gwctl.kit.pem_files import load_chain
from gwctl.schema import RecordDict

_log = logging.getLogger("gwctl.engine")

Pair = tuple[str, str]


class Lookup(Protocol):
    """Reads the records that services refer to."""

    def get(self, entity: str, key: str) -> RecordDict | None: ...


@dataclass(frozen=True, slots=True)
class TlsDefaults:
    """For services that do not say themselves. ``trust`` are PEM texts; ``system`` adds the operating system's
    authorities to them. ``pair`` is a certificate with its key."""

    verify: bool = False
    depth: int = 1
    trust: tuple[str, ...] = ()
    system: bool = True
    pair: Pair | None = None


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class ClientTls:
    """One way to speak TLS. There is one object for equal ones, so that identity tells pooled connections apart.

    ``depth`` is how many intermediate certificates an upstream may have; None: it is not verified.
    """

    context: ssl.SSLContext
    depth: int | None


class UpstreamTls:
    """Makes them from records. They are shared by content, over snapshots, and go with their last user."""

    def __init__(self, defaults: TlsDefaults | None = None) -> None:
        self._defaults = defaults or TlsDefaults()
        self._made: WeakValueDictionary[bytes, ClientTls] = WeakValueDictionary()

    def of(self, service: RecordDict, upstream: RecordDict | None, records: Lookup) -> ClientTls:
        """How to speak to ``service``, whose host may be the name of ``upstream``."""
        verify = service.get("tls_verify")
        depth: int | None = None
        trust: Sequence[str] | None = None
        if self._defaults.verify if verify is None else verify:
            told = service.get("tls_verify_depth")
            depth = self._defaults.depth if told is None else told
            trust = _trust(service, records)
        return self._shared(depth, trust, self._pair(service, upstream, records))

    def _pair(self, service: RecordDict, upstream: RecordDict | None, records: Lookup) -> Pair | None:
        """The service's certificate, else the upstream's, else the node's."""
        for owner in (service, upstream or {}):
            reference = owner.get("client_certificate")
            if reference:
                record = records.get("certificates", reference["id"])
                if record is None:
                    _log.error("certificates %s is not there, upstreams are shown none", reference["id"])
                    return None
                return str(record["cert"]), str(record["key"])
        return self._defaults.pair

    def _shared(self, depth: int | None, trust: Sequence[str] | None, pair: Pair | None) -> ClientTls:
        key = blake2b(repr((depth, trust, pair)).encode(), digest_size=16).digest()
        made = self._made.get(key)
        if made is None:
            context = _careless() if depth is None else self._verifying(trust)
            if pair is not None:
                _present(context, pair)
            made = self._made[key] = ClientTls(context, depth)
        return made

    def _verifying(self, trust: Sequence[str] | None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        texts = self._defaults.trust if trust is None else trust
        if trust is None and self._defaults.system:
            context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        for text in texts:
            try:
                context.load_verify_locations(cadata=text)
            except (ssl.SSLError, ValueError):
                _log.error("an authority for upstreams cannot be read, it is not trusted")
        return context


def _trust(service: RecordDict, records: Lookup) -> list[str] | None:
    """The authorities of a service; None for those of the node."""
    ids = service.get("ca_certificates")
    if not ids:
        return None
    found = []
    for key in ids:
        record = records.get("ca_certificates", key)
        if record is None:
            _log.error("ca_certificates %s is not there, service %s does not trust it", key, service.get("name"))
        else:
            found.append(str(record["cert"]))
    return sorted(found)


def _careless() -> ssl.SSLContext:
    """Any certificate will do, as in the reference's default."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _present(context: ssl.SSLContext, pair: Pair) -> None:
    try:
        load_chain(context, pair[0].encode(), pair[1].encode())
    except (ssl.SSLError, ValueError) as error:
        reason = (getattr(error, "reason", None) or "unreadable").replace("_", " ").lower()
        _log.error("a certificate for upstreams cannot be used, they are shown none: %s", reason)
