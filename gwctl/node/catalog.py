"""The catalog of a node: its entities, the plugins that its settings load, its router's routes."""

from __future__ import annotations

from collections.abc import Sequence

from gwctl.entities.catalog import Catalog, node_catalog
from gwctl.entities.plugin_schema import PluginSchema
from gwctl.expressions import check_route
from gwctl.kit.errors import GwctlError
from gwctl.kit.suggest import closest
from gwctl.plugins.bundled import bundled_schemas
from gwctl.settings import Settings


def catalog_for(settings: Settings) -> Catalog:
    """What a node with these settings may store and serve. Raises GwctlError for a plugin that does not exist."""
    flavor = settings.text("router_flavor") or "traditional_compatible"
    return node_catalog(loaded_plugins(settings.words("plugins")), flavor=flavor, check_expression=check_route)


def loaded_plugins(words: Sequence[str]) -> tuple[PluginSchema, ...]:
    """The plugins that the setting ``plugins`` names: ``off`` in the first place means none, later it means nothing.

    Raises GwctlError for a name that nobody has (plugins-auth-traffic.md 1.6).
    """
    if words and words[0] == "off":
        return ()
    bundled = bundled_schemas()
    loaded: dict[str, PluginSchema] = {}
    for word in words:
        if word == "bundled":
            loaded.update(bundled)
        elif word in bundled:
            loaded[word] = bundled[word]
        elif word != "off":
            near = closest(word, bundled)
            raise GwctlError(
                f"{word} plugin is enabled but not installed",
                hint=f"did you mean '{near}'?" if near else "take it out of the setting plugins",
            )
    return tuple(loaded.values())
