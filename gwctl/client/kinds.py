"""Which entity a word means: names, paths and their singulars, with dashes or underscores alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from gwctl.entities import Catalog
from gwctl.kit.errors import GwctlError
from gwctl.kit.suggest import closest
from gwctl.schema import Schema

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
USAGE = 2


def singular(plural: str) -> str:
    """``key_sets`` → ``key_set``; a word without plural stays."""
    return f"{plural[:-3]}y" if plural.endswith("ies") else plural[:-1] if plural.endswith("s") else plural


def is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Parent:
    """A foreign field of an entity, the schema it refers to, and the key of one record there."""

    field: str
    schema: Schema
    key: str

    def reference(self) -> dict[str, Any]:
        """The value of the foreign field: by id, or by the endpoint key of the parent."""
        if is_uuid(self.key) or self.schema.endpoint_key is None:
            return {"id": self.key}
        return {self.schema.endpoint_key: self.key}


class Kinds:
    """The entities of ``catalog`` that the Admin API serves, by every word that means one."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._schemas = {schema.name: schema for schema in catalog if schema.admin}
        self._words = {word: schema for schema in self._schemas.values() for word in _words(schema)}

    def __iter__(self) -> Iterator[Schema]:
        return iter(self._schemas.values())

    def find(self, word: str) -> Schema:
        """Raises GwctlError (2) naming the closest word."""
        found = self._words.get(_plain(word))
        if found is None:
            near = closest(_plain(word), self._words)
            hint = f"did you mean '{near.replace('_', '-')}'?" if near else f"one of: {', '.join(self.words())}"
            raise GwctlError(f"there is no entity '{word}'", hint=hint, exit_code=USAGE)
        return found

    def words(self) -> list[str]:
        """One word per entity, as messages and completion show it."""
        return [schema.path for schema in self._schemas.values()]

    def parents(self, schema: Schema) -> Mapping[str, tuple[str, Schema]]:
        """Foreign fields by the words that may name them: the field, and the entity it refers to."""
        found: dict[str, tuple[str, Schema]] = {}
        for field, foreign in schema.foreign.items():
            parent = self._schemas.get(foreign.reference)
            if parent is not None:
                found[_plain(singular(parent.name))] = (field, parent)
                found[_plain(field)] = (field, parent)
        return found

    def parent(self, schema: Schema, word: str, key: str) -> Parent:
        """The parent that ``--word key`` means. Raises GwctlError (2)."""
        parents = self.parents(schema)
        found = parents.get(_plain(word))
        if found is None:
            near = closest(_plain(word), parents)
            known = ", ".join(sorted({field for field, _ in parents.values()}))
            hint = f"did you mean '{near}'?" if near else f"it has: {known}" if known else "it has no parent at all"
            raise GwctlError(f"{schema.path} have no parent '{word}'", hint=hint, exit_code=USAGE)
        return Parent(*found, key)

    def is_child(self, schema: Schema, parent: Parent) -> bool:
        """Whether the records of ``schema`` have a path below this parent."""
        return (schema, parent.field) in self._catalog.children(parent.schema.name) and parent.schema.top_level


def _words(schema: Schema) -> set[str]:
    plurals = {schema.name, schema.path, schema.nested_path}
    return {_plain(word) for plural in plurals for word in (plural, singular(plural))}


def _plain(word: str) -> str:
    return word.strip("/").lower().replace("-", "_")


def collection_path(schema: Schema, parent: Parent | None = None) -> str:
    """``/services``, or ``/services/a/routes`` below a parent."""
    if parent is None:
        if not schema.top_level:
            fields = ", ".join(f"--{field.replace('_', '-')} NAME" for field in schema.foreign)
            raise GwctlError(f"{schema.path} need their parent", hint=f"name it with {fields}", exit_code=USAGE)
        return f"/{schema.path}"
    return f"/{parent.schema.path}/{quote(parent.key, safe='')}/{schema.nested_path}"


def record_path(schema: Schema, key: str, parent: Parent | None = None) -> str:
    return f"{collection_path(schema, parent)}/{quote(key, safe='')}"


def name_of(schema: Schema, record: Mapping[str, Any]) -> str:
    """What people call a record: its endpoint key unless that is a secret, else its id."""
    key = shown_key(schema)
    return str((record.get(key) if key else None) or record.get(schema.primary_key))


def shown_key(schema: Schema) -> str | None:
    """The endpoint key where it may be shown: that of some credentials is a secret."""
    key = schema.endpoint_key
    return None if key is None or schema.fields[key].encrypted or schema.fields[key].referenceable else key
