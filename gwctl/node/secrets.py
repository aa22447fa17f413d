"""One secret of this node, for people who ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwctl.cache import CacheMissing, CacheReader
from gwctl.entities.catalog import Catalog
from gwctl.kit.clock import SystemClock
from gwctl.kit.errors import GwctlError
from gwctl.node.cache_files import cache_place
from gwctl.node.resolving import secret_providers
from gwctl.settings import DATA_PLANE, Settings
from gwctl.store import DatabaseConfig, NeedsBootstrap, Store
from gwctl.vaults import ReferenceProblem, Secrets


def read_secret(settings: Settings, text: str, *, catalog: Catalog, environ: Mapping[str, str]) -> str:
    """The value of ``text``: a reference, or the inside of one (``env/name``), by a provider or a vault entity.

    Entities come from the node's database or cache. Raises GwctlError, in the reference's words.
    """
    reference = text if text.startswith("{") else f"{{vault://{text}}}"

    def entity(prefix: str) -> Mapping[str, Any] | None:
        return _vault(settings, catalog, prefix)

    try:
        return Secrets(secret_providers(settings, environ), entity).resolve(reference)
    except ReferenceProblem as error:
        place = "" if reference in str(error) else f" [{reference}]"
        raise GwctlError(f"{error}{place}", hint="'{vault://env/name}' reads the variable NAME") from None


def _vault(settings: Settings, catalog: Catalog, prefix: str) -> Mapping[str, Any] | None:
    if settings.role == DATA_PLANE or settings.text("database") == "off":
        return _from_cache(settings, prefix)
    try:
        store = Store.open(DatabaseConfig.from_settings(settings), catalog, SystemClock(), pool_size=1)
    except NeedsBootstrap:
        return None
    try:
        with store.read() as reads:
            return reads.get("vaults", prefix)
    except NeedsBootstrap:
        return None
    finally:
        store.close()


def _from_cache(settings: Settings, prefix: str) -> Mapping[str, Any] | None:
    try:
        reader = CacheReader.open(cache_place(settings))
    except CacheMissing:
        return None
    try:
        with reader.view() as view:
            return view.find("vaults", "prefix", prefix)
    finally:
        reader.close()
