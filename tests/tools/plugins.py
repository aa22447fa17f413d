"""Configurations of bundled plugins in tests: created, changed, shown and refused through the plugins entity."""

from __future__ import annotations

from functools import cache
from typing import Any

from gwctl.entities.catalog import Catalog, node_catalog
from gwctl.plugins.bundled import bundled_schema
from gwctl.schema import EntityError, RecordDict, Schema
from gwctl.sdk import NodeFacts

NOW = 1_800_000_000.0


@cache
def catalog_of(name: str, facts: NodeFacts | None = None) -> Catalog:
    """The catalog of a node with such facts that has loaded only the bundled plugin ``name``."""
    return node_catalog([bundled_schema(name, facts)])


def plugin_entity(name: str, facts: NodeFacts | None = None) -> Schema:
    """The plugins entity of `catalog_of`."""
    return catalog_of(name, facts)["plugins"]


def created(name: str, config: Any = None, *, facts: NodeFacts | None = None, **values: Any) -> RecordDict:
    """The record that a POST stores; raises EntityError."""
    given = values if config is None else {**values, "config": config}
    schema = plugin_entity(name, facts)
    return schema.check(schema.prepare_insert({"name": name, **given}, now=NOW))


def changed(record: RecordDict, config: Any) -> RecordDict:
    """The record that a PATCH of ``config`` stores."""
    schema = plugin_entity(record["name"])
    return schema.check(schema.prepare_update({"config": config}, now=NOW, existing=record), updating=True)


def shown(record: RecordDict) -> Any:
    """The configuration as answers show it."""
    return plugin_entity(record["name"]).shown(record)["config"]


def errors_of(name: str, config: Any = None, *, facts: NodeFacts | None = None, **values: Any) -> Any:
    """The fields of the refusal of a POST; ``{}`` when it is accepted."""
    try:
        created(name, config, facts=facts, **values)
    except EntityError as error:
        return error.fields
    return {}
