"""Which fields of a record may hold references, from their declarations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from gwctl.entities.catalog import Catalog
from gwctl.entities.plugin_schema import PluginSchema
from gwctl.kit.references import is_reference
from gwctl.schema import Field

_Resolve: TypeAlias = Callable[[str], str]


class References:
    """Replaces the references in records of the entities of ``catalog``.

    ``plugin`` gives the declaration of a plugin by name, None for one that nobody knows; it is asked once per name.
    """

    def __init__(self, catalog: Catalog, plugin: Callable[[str], PluginSchema | None]) -> None:
        self._plugin = plugin
        self._configs: dict[str, Mapping[str, Field]] = {}
        self._fields = {
            schema.name: {name: field for name, field in schema.fields.items() if _may_refer(field)}
            for schema in catalog
            if schema.exported
        }
        self.entities = tuple(name for name, fields in self._fields.items() if fields)
        """The entities that may refer, except plugins."""

    def replaced(self, entity: str, record: dict[str, Any], resolve: _Resolve) -> dict[str, Any]:
        """``record`` with what ``resolve`` makes of each reference; the same object when it has none."""
        changed = {
            name: new
            for name, field in self._fields.get(entity, {}).items()
            if (new := _replaced(field, record.get(name), resolve)) is not record.get(name)
        }
        if entity == "plugins":
            config = _replaced_fields(self._config(record["name"]), record["config"], resolve)
            if config is not record["config"]:
                changed["config"] = config
        return {**record, **changed} if changed else record

    def _config(self, name: str) -> Mapping[str, Field]:
        """The fields of a plugin's configuration that may refer."""
        if name not in self._configs:
            plugin = self._plugin(name)
            declared = plugin.config.declared if plugin is not None else {}
            self._configs[name] = {key: field for key, field in declared.items() if _may_refer(field)}
        return self._configs[name]


def _may_refer(field: Field) -> bool:
    if field.referenceable:
        return True
    if field.record is not None:
        return any(_may_refer(below) for below in field.record.declared.values())
    return any(below is not None and _may_refer(below) for below in (field.elements, field.values))


def _replaced(field: Field, value: Any, resolve: _Resolve) -> Any:
    """``value`` itself when nothing in it changes."""
    if isinstance(value, str):
        return resolve(value) if field.referenceable and is_reference(value) else value
    if isinstance(value, list) and field.elements is not None:
        below = _passing_on(field, field.elements)
        items = [_replaced(below, item, resolve) for item in value]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    if isinstance(value, dict):
        if field.record is not None:
            return _replaced_fields(field.record.declared, value, resolve)
        if field.values is not None:
            below = _passing_on(field, field.values)
            return _replaced_fields(dict.fromkeys(value, below), value, resolve)
    return value


def _passing_on(field: Field, below: Field) -> Field:
    """An array or map that may hold references means its elements."""
    return field if field.referenceable and below.kind == "string" else below


def _replaced_fields(fields: Mapping[str, Field], value: dict[str, Any], resolve: _Resolve) -> dict[str, Any]:
    changed = {
        name: new
        for name, item in value.items()
        if name in fields and (new := _replaced(fields[name], item, resolve)) is not item
    }
    return {**value, **changed} if changed else value
