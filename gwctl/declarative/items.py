"""Items: the entities of a document where they stand, nested ones below their parents (admin-api.md 3.1, 3.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gwctl.declarative.errors import Path
from gwctl.declarative.upgrade import CURRENT, FORMATS, upgrade_paths
from gwctl.entities.catalog import Catalog
from gwctl.schema import Errors, RecordDict, Schema
from gwctl.schema.messages import REQUIRED, UNKNOWN, WRONG_TYPE

Origin = Literal["given", "derived", "random"]

UNDECLARABLE = frozenset({"tags"})
"""Entities that are made from others and cannot be declared."""


@dataclass(slots=True, eq=False)
class Item:
    """One entity of the document. ``values`` is what was submitted (shared, read-only), ``own`` the same without
    nested entities and notes. ``errors`` and ``text`` are what is wrong with it."""

    schema: Schema
    values: Any
    own: dict[str, Any]
    path: Path
    parent: Item | None = None
    parent_field: str | None = None
    id: str | None = None
    origin: Origin = "given"
    errors: Errors | None = None
    text: str | None = None
    record: RecordDict | None = None

    def blame(self, errors: Mapping[str, Any]) -> None:
        """Add errors of fields."""
        self.errors = {**errors, **(self.errors or {})}

    @property
    def endpoint_value(self) -> str | None:
        """The value of the endpoint key, when there is a text."""
        key = self.schema.endpoint_key
        value = self.own.get(key) if key is not None else None
        return value if isinstance(value, str) else None


@dataclass(slots=True)
class Document:
    """A document taken apart. ``errors`` are those that belong to no entity."""

    format_version: str
    transform: bool
    items: list[Item]
    errors: Errors


class Nesting:
    """Which entities may be written below which."""

    def __init__(self, catalog: Catalog) -> None:
        self._below: dict[str, dict[str, tuple[Schema, str]]] = {}
        for schema in catalog:
            below: dict[str, tuple[Schema, str]] = {}
            for child, field in catalog.children(schema.name):
                if child.name not in UNDECLARABLE:
                    below.setdefault(child.name, (child, field))
            self._below[schema.name] = below

    def __getitem__(self, name: str) -> Mapping[str, tuple[Schema, str]]:
        return self._below[name]


def take_apart(document: Mapping[str, Any], catalog: Catalog) -> Document:
    """The items of ``document``, parents before their children, and what is wrong outside of them."""
    errors = _errors_of_heading(document)
    for name in document:
        if name not in _HEADING and (name not in catalog or name in UNDECLARABLE):
            errors[str(name)] = UNKNOWN
    version = document.get("_format_version")
    version = version if version in FORMATS else CURRENT
    transform = document.get("_transform") is not False
    collector = _Collector(Nesting(catalog), upgrade=version != CURRENT)
    for schema in catalog:
        if schema.name in document and schema.name not in errors:
            fault = collector.collect(schema, document[schema.name], (schema.name,), None, None)
            if fault is not None:
                errors[schema.name] = fault
    return Document(version, transform, collector.items, errors)


class _Collector:
    def __init__(self, nesting: Nesting, *, upgrade: bool) -> None:
        self.items: list[Item] = []
        self._nesting = nesting
        self._upgrade = upgrade

    def collect(self, schema: Schema, listed: Any, path: Path, parent: Item | None, field: str | None) -> str | None:
        """Take every element of ``listed``; answers the error when it is no list."""
        if listed is None or listed == {}:
            return None
        if not isinstance(listed, list):
            return WRONG_TYPE["array"]
        for position, values in enumerate(listed):
            self._take(schema, values, (*path, position), parent, field)
        return None

    def _take(self, schema: Schema, values: Any, path: Path, parent: Item | None, field: str | None) -> None:
        item = Item(schema, values, {}, path, parent, field)
        self.items.append(item)
        if not isinstance(values, dict):
            item.text = WRONG_TYPE["record"]
            return
        below = self._nesting[schema.name]
        nested = [name for name in values if name in below]
        item.own = values
        if nested or self._upgrade or not _NOTES.keys().isdisjoint(values):
            item.own = {name: value for name, value in values.items() if name not in below and name not in _NOTES}
        if self._upgrade and schema.name == "routes" and "paths" in item.own:
            item.own["paths"] = upgrade_paths(item.own["paths"])
        for name, kind in _NOTES.items():
            if name in values and (error := _wrong(kind, values[name])) is not None:
                item.blame({name: error})
        for name in nested:
            child, child_field = below[name]
            fault = self.collect(child, values[name], (*path, name), item, child_field)
            if fault is not None:
                item.blame({name: fault})


_NOTES: Mapping[str, str] = {"_comment": "string", "_ignore": "array"}
_HEADING: Mapping[str, str] = {"_format_version": "string", "_transform": "boolean", **_NOTES}
_KINDS: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list) or value == {},
}


def _errors_of_heading(document: Mapping[str, Any]) -> Errors:
    errors: Errors = {}
    for name, kind in _HEADING.items():
        error = _wrong(kind, document.get(name))
        if error is not None:
            errors[name] = error
    version = document.get("_format_version")
    if version is None:
        errors["_format_version"] = REQUIRED
    elif isinstance(version, str) and version not in FORMATS:
        errors["_format_version"] = f"expected one of: {', '.join(FORMATS)}"
    return errors


def _wrong(kind: str, value: Any) -> str | None:
    return None if value is None or _KINDS[kind](value) else WRONG_TYPE[kind]
