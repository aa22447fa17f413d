"""Which plugin configurations concern a route (proxy.md 12)."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

_HTTP = frozenset({"http", "https", "grpc", "grpcs"})
"""Of a plugin's protocols the reference looks only at whether they are of this kind (plugins-auth-traffic.md 1.5)."""

_log = logging.getLogger("gwctl.engine")


class Scope(NamedTuple):
    """Where a configuration is attached: the ids of a route and a service, None for any."""

    route: str | None
    service: str | None


class PluginScopes:
    """The enabled plugins by where they are attached. No handler exists on this node, so each of them is missing.

    Configurations for one consumer are left out: without a plugin nobody is ever identified as a consumer. With
    ``refuse`` the requests of a missing plugin are answered 503, otherwise they are served without it.
    """

    def __init__(self, *, refuse: bool) -> None:
        self._refuse = refuse
        self._configured: Counter[str] = Counter()
        self._by_id: dict[str, tuple[Scope, str]] = {}
        self._by_scope: dict[Scope, list[str]] = {}
        self._of_route: dict[str, int] = {}

    @property
    def missing(self) -> frozenset[str]:
        """The names of all of them."""
        return frozenset(self._configured)

    def put(self, key: str, record: Mapping[str, Any] | None) -> set[Scope]:
        """Replace the configuration ``key`` (None: it is gone); returns the scopes whose plugins differ afterwards."""
        before = self._remove(key)
        after = self._add(key, record) if record is not None else None
        return set() if before == after else {entry[0] for entry in (before, after) if entry is not None}

    def _remove(self, key: str) -> tuple[Scope, str] | None:
        entry = self._by_id.pop(key, None)
        if entry is not None:
            scope, name = entry
            self._configured[name] -= 1
            self._configured += Counter()
            self._by_scope[scope].remove(name)
            if not self._by_scope[scope]:
                del self._by_scope[scope]
            self._count(scope, -1)
        return entry

    def _add(self, key: str, record: Mapping[str, Any]) -> tuple[Scope, str] | None:
        if not record.get("enabled", True) or record.get("consumer"):
            return None
        if _HTTP.isdisjoint(record.get("protocols") or _HTTP):
            return None
        entry = self._by_id[key] = (Scope(_id(record.get("route")), _id(record.get("service"))), record["name"])
        self._configured[entry[1]] += 1
        self._by_scope.setdefault(entry[0], []).append(entry[1])
        self._count(entry[0], 1)
        return entry

    def _count(self, scope: Scope, step: int) -> None:
        if scope.route is not None:
            count = self._of_route.get(scope.route, 0) + step
            if count:
                self._of_route[scope.route] = count
            else:
                del self._of_route[scope.route]

    def routes(self) -> Iterable[str]:
        """The ids of the routes that have plugins of their own."""
        return self._of_route.keys()

    def has_own(self, route_id: str) -> bool:
        return route_id in self._of_route

    def of(self, route_id: str | None, service_id: str | None) -> tuple[str, ...]:
        """The names of the missing plugins of one route, sorted; None: of those without a route, or a service."""
        if not self._refuse:
            return ()
        scopes = {Scope(None, None), Scope(route_id, None), Scope(None, service_id), Scope(route_id, service_id)}
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
