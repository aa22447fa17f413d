"""The catalog: every entity with its schema, parents before children."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gwctl.entities.certificates import Certificate, Sni
from gwctl.entities.consumers import Consumer
from gwctl.entities.data_planes import DataPlane
from gwctl.entities.parameters import Parameter
from gwctl.entities.plugins import Plugin
from gwctl.entities.routes import Route
from gwctl.entities.services import Service
from gwctl.entities.tags import Tag
from gwctl.entities.targets import Target
from gwctl.entities.upstreams import Upstream
from gwctl.schema import Entity, Schema

_CORE: tuple[type[Entity], ...] = (
    Service,
    Route,
    Consumer,
    Plugin,
    Certificate,
    Sni,
    Upstream,
    Target,
    Tag,
    Parameter,
    DataPlane,
)


class Catalog:
    """Schemas by entity name. Iteration and ``names`` follow foreign keys: a parent comes before its children.

    Raises ValueError for a foreign key to an entity that is not in the catalog, and for circles of foreign keys.
    """

    def __init__(self, record_classes: Iterable[type[Entity]]) -> None:
        schemas: dict[str, Schema] = {}
        for record_class in record_classes:
            schema = Schema(record_class, schemas.get)
            schemas[schema.name] = schema
        self._schemas = {name: schemas[name] for name in _parents_first(schemas)}
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


def core_catalog() -> Catalog:
    """The entities of the gateway itself."""
    return Catalog(_CORE)
