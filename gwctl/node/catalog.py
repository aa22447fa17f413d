"""The catalog of a node: its entities, the plugins that its settings load, its router's routes."""

from __future__ import annotations

from collections.abc import Sequence

from gwctl.entities.all import ENTITIES
from gwctl.entities.catalog import Catalog, node_catalog
from gwctl.entities.plugin_schema import NodeFacts, PluginSchema
from gwctl.expressions import check_route
from gwctl.kit.errors import GwctlError
from gwctl.kit.suggest import closest
from gwctl.plugins.bundled import bundled_schemas
from gwctl.settings import Settings


def catalog_for(settings: Settings) -> Catalog:
    """What may be stored on a node with these settings. Raises GwctlError for a plugin that does not exist."""
    facts = NodeFacts(settings.role, settings.text("database") != "off")
    plugins = loaded_plugins(settings.words("plugins"), facts)
    return node_catalog(plugins, flavor=_flavor(settings), check_expression=check_route)


def replica_catalog(settings: Settings) -> Catalog:
    """What a copy of a stored configuration may hold: plugins of any name, for a node that lacks one still serves the
    routes without it."""
    return Catalog(ENTITIES, None, _flavor(settings))


def _flavor(settings: Settings) -> str:
    return settings.entry("router_flavor").raw or "traditional_compatible"


def loaded_plugins(words: Sequence[str], facts: NodeFacts | None = None) -> tuple[PluginSchema, ...]:
    """The plugins that the setting ``plugins`` names: ``off`` in the first place means none, later it means nothing.

    Raises GwctlError for a name that nobody has (plugins-auth-traffic.md 1.6).
    """
    if words and words[0] == "off":
        return ()
    bundled = bundled_schemas(facts)
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
