"""Completion: every item becomes a valid record, or is told what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gwctl.declarative.items import Item
from gwctl.declarative.references import Resolver, repeats
from gwctl.schema import EntityError, Errors, RecordDict, Schema
from gwctl.schema.errors import ENTITY
from gwctl.schema.transform import TransformationFailed


@dataclass(frozen=True, slots=True)
class Repeated:
    """A value of a unique field that another item of the entity has."""

    item: Item
    field: str
    message: str


class Completion:
    """Fills, resolves and validates items one by one; keeps what is only known of all of them together.

    ``warnings`` are those about deprecated fields, each once.
    """

    def __init__(
        self, resolver: Resolver, now: float, select_tags: Sequence[str] = (), *, transform: bool = True
    ) -> None:
        self.resolver = resolver
        self.repeated: list[Repeated] = []
        self._now = now
        self._select_tags = tuple(select_tags)
        self._transform = transform
        self.warnings: dict[str, None] = {}
        self._seen: dict[tuple[str, str], dict[Any, Item]] = {}

    def complete(self, item: Item) -> None:
        """Give ``item`` its record or its errors."""
        if not isinstance(item.values, dict):
            return
        values = self._values(item)
        errors, record = self._judged(item.schema, values)
        if errors or item.errors:
            item.blame(errors)
            return
        try:
            record = item.schema.transform(record, raw=self._transform)
        except TransformationFailed as error:
            item.blame({ENTITY: [error.message]})
            return
        fields = item.schema.fields
        item.record = record if len(record) == len(fields) else {name: record[name] for name in fields}
        updated = item.own.get("updated_at")
        if type(updated) in (int, float) and "updated_at" in item.record:
            item.record["updated_at"] = updated
        self._check_unique(item, item.record)

    def _values(self, item: Item) -> dict[str, Any]:
        values = {**item.own, **self.resolver.resolve(item)}
        if item.id is not None:
            values[item.schema.primary_key] = item.id
        if self._select_tags and "tags" in item.schema.fields:
            tags = values.get("tags")
            if tags is None or isinstance(tags, list):
                values["tags"] = [*(tags or ()), *self._select_tags]
        return values

    def _check_unique(self, item: Item, record: RecordDict) -> None:
        schema = item.schema
        for name, *more in schema.unique:
            if more or name in (schema.primary_key, schema.endpoint_key):
                continue
            value = record[name]
            if value is None:
                continue
            value = value["id"] if isinstance(value, dict) else value
            if self._seen.setdefault((schema.name, name), {}).setdefault(value, item) is not item:
                self.repeated.append(Repeated(item, name, repeats(schema, name, value)))

    def _judged(self, schema: Schema, values: dict[str, Any]) -> tuple[Errors, RecordDict]:
        try:
            record = schema.admit(values, now=self._now, warn=self._warn)
            errors: Errors = {}
            if record is None:
                record = schema.prepare_insert(values, now=self._now, canonical=False, warn=self._warn)
                errors = schema.validate(record)
        except EntityError as error:
            unread = error.fields or error.options or {}
            others = {name: value for name, value in values.items() if name in schema.fields and name not in unread}
            return {**schema.validate_given(others), **unread}, {}
        if not errors:
            for name in schema.canonical_names:
                record[name] = schema.canonical_value(name, record[name])
        return errors, record

    def _warn(self, text: str) -> None:
        self.warnings[text] = None
