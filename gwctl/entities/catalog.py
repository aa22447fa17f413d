"""The catalog: every entity with its schema, parents before children."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from gwctl.entities.all import ENTITIES
from gwctl.entities.plugin_schema import PluginSchema
from gwctl.entities.plugin_variants import describe_plugin, plugin_variants
from gwctl.entities.route_flavors import CheckExpression, route_class, route_locally
from gwctl.entities.routes import Route
from gwctl.entities.vault_schema import BUNDLED, VaultSchema, by_name
from gwctl.entities.vaults import describe_vault, prefix_field, vault_variants
from gwctl.schema import Entity, Local, Schema

_ANYWHERE = Local()


class Catalog:
    """Schemas by entity name. Iteration and ``names`` follow foreign keys: a parent comes before its children.

    ``plugins`` are those that may be configured; None lets the entity ``plugins`` take any name and any configuration.
    ``flavor`` is that of the router; ``check_expression`` judges the expressions of its routes. ``vaults`` are the
    providers that vaults may name.
    Raises ValueError for an unknown flavor, for a foreign key to an entity that is not in the catalog, and for circles
    of foreign keys.
    """

    def __init__(
        self,
        record_classes: Iterable[type[Entity]],
        plugins: Iterable[PluginSchema] | None = None,
        flavor: str = "traditional_compatible",
        *,
        check_expression: CheckExpression | None = None,
        vaults: Iterable[VaultSchema] = BUNDLED,
    ) -> None:
        self.plugins: Mapping[str, PluginSchema] = MappingProxyType({each.name: each for each in plugins or ()})
        self.vaults: Mapping[str, VaultSchema] = MappingProxyType(by_name(vaults))
        self.flavor = flavor
        local = {
            "routes": route_locally(flavor, check_expression),
            "vaults": Local(
                fields={"prefix": prefix_field(self.vaults)},
                variants=vault_variants(self.vaults),
            ),
        }
        if plugins is not None:
            local["plugins"] = Local(variants=plugin_variants(self.plugins))
        self._schemas = _compiled(record_classes, route_class(flavor), local)
        self.names: tuple[str, ...] = tuple(self._schemas)
        self.exported: tuple[Schema, ...] = tuple(schema for schema in self if schema.exported)
        self._children = {
            name: tuple(
                (schema, field)
                for schema in self._schemas.values()
                for field, foreign in schema.foreign.items()
                if foreign.reference == name
            )
            for name in self.names
        }

    def __getitem__(self, name: str) -> Schema:
        return self._schemas[name]

    def __iter__(self) -> Iterator[Schema]:
        return iter(self._schemas.values())

    def __contains__(self, name: object) -> bool:
        return name in self._schemas

    def __len__(self) -> int:
        return len(self._schemas)

    def children(self, name: str) -> tuple[tuple[Schema, str], ...]:
        """Every (schema, field) that points to the entity ``name``."""
        return self._children[name]

    def plugin_schema_description(self, name: str) -> dict[str, Any]:
        """What ``/schemas/plugins/{name}`` shows. Raises KeyError for a plugin that is not in ``plugins``."""
        return describe_plugin(self["plugins"], self.plugins[name])

    def vault_schema_description(self, name: str) -> dict[str, Any]:
        """What ``/schemas/vaults/{name}`` shows. Raises KeyError for a provider that is not in ``vaults``."""
        return describe_vault(self["vaults"], self.vaults[name])


def _compiled(
    record_classes: Iterable[type[Entity]], route: type[Route], local: Mapping[str, Local]
) -> dict[str, Schema]:
    schemas: dict[str, Schema] = {}
    for each in record_classes:
        record_class = route if each is Route else each
        schemas[record_class.options.name] = Schema(
            record_class, schemas.get, local.get(record_class.options.name, _ANYWHERE)
        )
    return {name: schemas[name] for name in _parents_first(schemas)}


def _parents_first(schemas: dict[str, Schema]) -> list[str]:
    ordered: list[str] = []
    waiting = list(schemas)
    while waiting:
        ready = [name for name in waiting if _parents(schemas, name) <= set(ordered)]
        if not ready:
            raise ValueError(f"foreign keys of {', '.join(waiting)} lead in a circle or to an unknown entity")
        ordered += ready
        waiting = [name for name in waiting if name not in ready]
    return ordered


def _parents(schemas: dict[str, Schema], name: str) -> set[str]:
    return {foreign.reference for foreign in schemas[name].foreign.values()}


def node_catalog(
    plugins: Iterable[PluginSchema],
    *,
    flavor: str = "traditional_compatible",
    check_expression: CheckExpression | None = None,
) -> Catalog:
    """Every entity, and of plugins those that a node has loaded."""
    return Catalog(ENTITIES, plugins, flavor, check_expression=check_expression)


def core_catalog() -> Catalog:
    """Every entity, with plugins of any name."""
    return Catalog(ENTITIES)
