"""How a worker reads secrets: by the providers that its settings allow, when it reads a record that refers to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gwctl.entities.plugin_schema import PluginSchema
from gwctl.node.catalog import replica_catalog
from gwctl.plugins.bundled import BUNDLED, bundled_schema
from gwctl.settings import Settings
from gwctl.vaults import Provider, References, Resolved, providers_of
from gwctl.vaults.view import View


def secret_providers(settings: Settings, environ: Mapping[str, str]) -> dict[str, Provider]:
    """The providers that the settings allow, by name. ``environ`` is that of this process."""
    return providers_of(settings.words("vaults"), environ, settings.text("vault_env_prefix") or "")


def resolver(settings: Settings, environ: Mapping[str, str]) -> Callable[[View], Resolved]:
    """Makes of a view one whose records hold the values of secrets."""
    references = References(replica_catalog(settings), _plugin)
    providers = secret_providers(settings, environ)
    return lambda view: Resolved(view, references, providers)


def _plugin(name: str) -> PluginSchema | None:
    return bundled_schema(name) if name in BUNDLED else None
