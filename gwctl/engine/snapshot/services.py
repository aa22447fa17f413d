"""Services: their plans, the cells that their routes share, and what else they depend on."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from gwctl.engine.chain.plan import ServiceCell, ServicePlan
from gwctl.engine.snapshot.errors import name_of
from gwctl.engine.snapshot.upstreams import Upstreams
from gwctl.engine.tls.upstream import Lookup, UpstreamTls
from gwctl.schema import RecordDict

_log = logging.getLogger("gwctl.engine")

_PORTS = {"http": 80, "https": 443}


class Services:
    """What is known of every service beside its plan; the cell of None belongs to routes without a service."""

    def __init__(self) -> None:
        self.cells: dict[str | None, ServiceCell] = {None: ServiceCell()}
        self._disabled: set[str] = set()
        self._host_of: dict[str, str] = {}
        self._by_host: dict[str, set[str]] = {}
        self._using: dict[tuple[str, str], set[str]] = {}
        self._used_by: dict[str, set[tuple[str, str]]] = {}

    def put(self, key: str, record: RecordDict | None) -> bool:
        """Replace a service (None: it is gone). True when its routes appear or disappear with that."""
        was = self.serves(key)
        self._refer(key, record)
        host = self._host_of.pop(key, None)
        if host is not None:
            self._by_host[host].discard(key)
            if not self._by_host[host]:
                del self._by_host[host]
        self._disabled.discard(key)
        if record is None:
            self.cells.pop(key, None)
            return was
        self.cells.setdefault(key, ServiceCell())
        self._host_of[key] = record["host"]
        self._by_host.setdefault(record["host"], set()).add(key)
        if not record.get("enabled", True):
            self._disabled.add(key)
        return was != self.serves(key)

    def serves(self, key: str | None) -> bool:
        """Whether the routes of this service match requests."""
        return key in self.cells and key not in self._disabled

    def using(self, entity: str, key: str) -> set[str]:
        """The ids of the services that refer to this certificate or authority."""
        return self._using.get((entity, key), set())

    def _refer(self, key: str, record: RecordDict | None) -> None:
        for used in self._used_by.pop(key, ()):
            self._using[used].discard(key)
            if not self._using[used]:
                del self._using[used]
        if record is None:
            return
        used_now = {("ca_certificates", each) for each in record.get("ca_certificates") or ()}
        if record.get("client_certificate"):
            used_now.add(("certificates", record["client_certificate"]["id"]))
        if used_now:
            self._used_by[key] = used_now
        for used in used_now:
            self._using.setdefault(used, set()).add(key)

    def with_host(self, names: Iterable[str]) -> set[str]:
        """The ids of the services whose host is one of ``names``."""
        return {key for name in names for key in self._by_host.get(name, ())}


def service_plan(record: RecordDict, upstreams: Upstreams, tls: UpstreamTls, records: Lookup) -> ServicePlan | None:
    """How to forward to a service; None for one that is not served over HTTP/1."""
    if record["protocol"] not in _PORTS:
        if record.get("enabled", True):
            _log.warning("service %s: protocol %s is not served over HTTP/1", name_of(record), record["protocol"])
        return None
    upstream = upstreams.named(record["host"])
    default = _PORTS[record["protocol"]]
    return ServicePlan(
        id=record["id"],
        base=record.get("path") or "/",
        retries=record["retries"],
        connect_seconds=record["connect_timeout"] / 1000,
        write_seconds=record["write_timeout"] / 1000,
        read_seconds=record["read_timeout"] / 1000,
        tls=tls.of(record, upstream, records) if default == 443 else None,
        default_port=default,
        host=upstream.get("host_header") if upstream else None,
        peers=upstreams.source(record["host"], record["port"]),
        name=record.get("name"),
    )
