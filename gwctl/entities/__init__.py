"""The entities of the gateway, one class each, and the catalog that orders them."""

from gwctl.entities.catalog import Catalog, core_catalog

__all__ = ["Catalog", "core_catalog"]
