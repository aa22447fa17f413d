"""Reading and writing the records of any entity through the Admin API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from gwctl.client.admin_client import FORM, JSON, AdminClient
from gwctl.client.errors import AdminError, fields_of
from gwctl.client.kinds import USAGE, Kinds, Parent, collection_path, record_path
from gwctl.client.values import Values
from gwctl.kit.errors import GwctlError
from gwctl.kit.suggest import closest
from gwctl.schema import Schema
from gwctl.schema.field import Fields

_NOT_FOUND = 404
_UNKNOWN = "unknown field"


class RecordsClient:
    """The records of one control plane. Every method raises AdminError; parents are those of ``Kinds.parent``."""

    def __init__(self, client: AdminClient, kinds: Kinds) -> None:
        self._client = client
        self._kinds = kinds

    def list(
        self, schema: Schema, parents: Sequence[Parent] = (), tags: Sequence[str] = ()
    ) -> Iterator[dict[str, Any]]:
        """Every record, page by page, that has all of ``tags``."""
        parent = self._only_parent(schema, parents)
        if tags and "tags" not in schema.fields:
            raise GwctlError(f"{schema.path} have no tags", exit_code=USAGE)
        query = {"tags": ",".join(tags)} if tags else None
        for record in self._client.pages(collection_path(schema, parent), query=query):
            if set(tags) <= set(record.get("tags") or ()):  # lists below a parent do not filter
                yield record

    def get(self, schema: Schema, key: str, parents: Sequence[Parent] = ()) -> dict[str, Any]:
        parent = self._only_parent(schema, parents)
        try:
            found: dict[str, Any] = self._client.get(record_path(schema, key, parent))
        except AdminError as error:
            raise _missing(error, schema, f"there is no '{key}' among the {schema.path}") from error
        return found

    def create(self, schema: Schema, values: Values, parents: Sequence[Parent] = ()) -> dict[str, Any]:
        """POST; the first parent that has such children is in the path, others are in the body."""
        parent = next((each for each in parents if self._kinds.is_child(schema, each)), None)
        path = collection_path(schema, parent)
        others = {each.field: each.reference() for each in parents if each is not parent}
        return self._write("POST", path, schema, values, others)

    def update(self, schema: Schema, key: str, values: Values, parents: Sequence[Parent] = ()) -> dict[str, Any]:
        """PATCH: fields that are not named stay as they are."""
        path = record_path(schema, key, self._only_parent(schema, parents))
        variant = None
        if schema.variants is not None and not values.only_texts:
            variant = self.get(schema, key, parents).get(schema.variants.key)
        return self._write("PATCH", path, schema, values, {}, variant)

    def delete(self, schema: Schema, key: str, parents: Sequence[Parent] = ()) -> dict[str, Any]:
        """Delete one record and return what it was; raises AdminError when there is none."""
        record = self.get(schema, key, parents)
        path = record_path(schema, str(record[schema.primary_key]), self._only_parent(schema, parents))
        try:
            self._client.delete(path)
        except AdminError as error:
            raise _missing(error, schema, f"'{key}' is no longer among the {schema.path}") from error
        return record

    def _write(
        self,
        method: str,
        path: str,
        schema: Schema,
        values: Values,
        others: Mapping[str, Any],
        variant: Any = None,
    ) -> dict[str, Any]:
        if values.only_texts and not others:
            body, content_type = values.form(), FORM
        else:
            body, content_type = orjson.dumps({**values.decoded(schema, variant), **others}), JSON
        try:
            written: dict[str, Any] = self._client.send(method, path, body, content_type)
        except AdminError as error:
            if error.hint is None:
                fields = {**schema.fields_for(values.decoded(schema, variant)), **schema.virtual}
                error.hint = "; ".join(_suggestions(fields, fields_of(error.body))) or None
            raise _missing(error, schema, f"there is nothing at {path}") from error
        return written

    def _only_parent(self, schema: Schema, parents: Sequence[Parent]) -> Parent | None:
        if len(parents) > 1:
            raise GwctlError("name one parent only", hint="several are for 'create'", exit_code=USAGE)
        for parent in parents:
            if not self._kinds.is_child(schema, parent):
                raise GwctlError(f"{schema.path} cannot be listed by {parent.field}", exit_code=USAGE)
        return parents[0] if parents else None


def _missing(error: AdminError, schema: Schema, told: str) -> AdminError:
    """The same refusal, in plain words when there is no such record."""
    if error.status != _NOT_FOUND:
        return error
    return AdminError(told, hint=f"'gwctl get {schema.path}' lists them", status=error.status, body=error.body)


def _suggestions(fields: Fields, errors: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """For each unknown field the one that somebody may have meant."""
    for name, told in errors.items():
        if told == _UNKNOWN and (near := closest(name, fields)):
            yield f"'{path}{name}': did you mean '{path}{near}'?"
        field = fields.get(name)
        if isinstance(told, dict) and field is not None and field.record is not None:
            yield from _suggestions(field.record.declared, told, f"{path}{name}.")
