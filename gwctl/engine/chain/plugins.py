"""Which plugin configurations concern a route (proxy.md 12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gwctl.engine.chain.plan import MissingPlugin

_HTTP = ("http", "https", "grpc", "grpcs")


class PluginScopes:
    """The enabled plugins by where they are attached. No handler exists on this node, so each of them is missing.

    Configurations for one consumer are left out: without a plugin nobody is ever identified as a consumer.
    """

    def __init__(self) -> None:
        self._by_scope: dict[tuple[str | None, str | None], list[MissingPlugin]] = {}

    def add(self, record: Mapping[str, Any]) -> None:
        if not record.get("enabled", True) or record.get("consumer"):
            return
        scope = (_id(record.get("route")), _id(record.get("service")))
        plugin = MissingPlugin(record["name"], frozenset(record.get("protocols") or _HTTP))
        self._by_scope.setdefault(scope, []).append(plugin)

    def of(self, route_id: str, service_id: str | None) -> tuple[MissingPlugin, ...]:
        """The plugins of one route, by name."""
        scopes: Iterable[tuple[str | None, str | None]] = {
            (None, None),
            (route_id, None),
            (None, service_id),
            (route_id, service_id),
        }
        found = [plugin for scope in scopes for plugin in self._by_scope.get(scope, ())]
        return tuple(sorted(found, key=lambda plugin: plugin.name))


def _id(reference: Any) -> str | None:
    return reference["id"] if reference else None
