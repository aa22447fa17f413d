"""Which plugin configurations concern a route (proxy.md 12)."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

_HTTP = frozenset({"http", "https", "grpc", "grpcs"})
"""Of a plugin's protocols the reference looks only at whether they are of this kind (plugins-auth-traffic.md 1.5)."""

_log = logging.getLogger("gwctl.engine")


class PluginScopes:
    """The enabled plugins by where they are attached. No handler exists on this node, so each of them is missing.

    Configurations for one consumer are left out: without a plugin nobody is ever identified as a consumer. With
    ``refuse`` the requests of a missing plugin are answered 503, otherwise they are served without it.
    """

    def __init__(self, *, refuse: bool) -> None:
        self.missing: set[str] = set()
        self._refuse = refuse
        self._by_scope: dict[tuple[str | None, str | None], list[str]] = {}

    def add(self, record: Mapping[str, Any]) -> None:
        if not record.get("enabled", True) or record.get("consumer"):
            return
        if _HTTP.isdisjoint(record.get("protocols") or _HTTP):
            return
        self.missing.add(record["name"])
        if not self._refuse:
            return
        scope = (_id(record.get("route")), _id(record.get("service")))
        self._by_scope.setdefault(scope, []).append(record["name"])

    def of(self, route_id: str, service_id: str | None) -> tuple[str, ...]:
        """The names of the plugins of one route, sorted."""
        scopes: Iterable[tuple[str | None, str | None]] = {
            (None, None),
            (route_id, None),
            (None, service_id),
            (route_id, service_id),
        }
        return tuple(sorted({name for scope in scopes for name in self._by_scope.get(scope, ())}))


def tell_missing(names: Iterable[str], *, refuse: bool) -> None:
    """Log what becomes of requests that need these plugins."""
    for name in sorted(names):
        if refuse:
            _log.error("this node cannot run the configured plugin %s: requests that need it are answered 503", name)
        else:
            _log.warning("this node cannot run the configured plugin %s: requests are served without it", name)


def _id(reference: Any) -> str | None:
    return reference["id"] if reference else None
