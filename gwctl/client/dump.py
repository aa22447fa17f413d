"""A dump of a control plane: which records it holds, an exact copy or a file for people, and where it goes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Literal

from gwctl.changes.kinds import planned_kinds
from gwctl.declarative import export_lines
from gwctl.entities import Catalog
from gwctl.kit.errors import GwctlError
from gwctl.schema import ABSENT, RecordDict, Schema

Records = Iterable[tuple[str, RecordDict]]

_TIMES = frozenset({"created_at", "updated_at"})
_LISTED_BY_ID = frozenset({"ca_certificates"})
"""What other records name in lists of ids."""


def dump_text(records: Records, catalog: Catalog, *, form: Literal["yaml", "json"], ids: bool = True) -> Iterator[str]:
    """The parts of a file with what a sync of it would manage, in the order in which ``records`` come.

    Without ``ids``: neither ids nor times nor unset fields where the file means the same without them. Iterating raises
    GwctlError for an entity that is not in ``catalog``.
    """
    kept = _managed(records, catalog)
    return export_lines(kept if ids else portable(kept, catalog), catalog=catalog, form=form)


def _managed(records: Records, catalog: Catalog) -> Iterator[tuple[str, RecordDict]]:
    """Without what nodes write at run time and what belongs to the cluster: no file deletes it."""
    managed = _managed_names(catalog)
    for entity, record in records:
        if entity not in catalog:
            raise GwctlError(
                f"the control plane holds {entity}, which this gwctl does not know: nothing was written",
                hint="use the version of the control plane",
            )
        if entity in managed:
            yield entity, record


def _managed_names(catalog: Catalog) -> set[str]:
    return {schema.name for schema, deletable in planned_kinds(catalog) if deletable}


def portable(records: Records, catalog: Catalog) -> Iterator[tuple[str, RecordDict]]:
    """Records without ids where something else tells which one is meant; a parent is named where it has a name."""
    managed = _managed_names(catalog)
    parents = {name for name in managed if any(child.name in managed for child, _ in catalog.children(name))}
    names: dict[str, str] = {}
    for entity, record in records:
        schema = catalog[entity]
        name = record.get(schema.endpoint_key) if schema.endpoint_key and schema.top_level else None
        shown = _without_what_follows(schema, record, names)
        if name:
            names[str(record[schema.primary_key])] = str(name)
        if name or (entity not in parents | _LISTED_BY_ID and _is_unique(schema, record)):
            del shown[schema.primary_key]
        yield entity, shown


def _without_what_follows(schema: Schema, record: RecordDict, names: Mapping[str, str]) -> RecordDict:
    """The record without times and unset fields, its parents by name."""
    shown: dict[str, Any] = {}
    for name, value in record.items():
        field = schema.fields.get(name)
        follows = value is None and (field is None or field.default is ABSENT or field.default is None)
        if name not in _TIMES and not follows:
            named = name in schema.foreign and value is not None
            shown[name] = {"id": names.get(value["id"], value["id"])} if named else value
    return shown


def _is_unique(schema: Schema, record: RecordDict) -> bool:
    """Whether a value other than the id says which record this is."""
    return any(
        schema.primary_key not in fields and any(record.get(name) is not None for name in fields)
        for fields in schema.unique
    )


def write_file(path: str, parts: Iterable[str]) -> None:
    """Write a file that only its owner can read, or leave what was there as it was. Raises GwctlError."""
    target = Path(path)
    try:
        with NamedTemporaryFile("w", encoding="utf-8", dir=target.parent, prefix=".gwctl-", delete=False) as file:
            try:
                for part in parts:
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
                os.replace(file.name, target)
            except BaseException:
                os.unlink(file.name)
                raise
    except OSError as error:
        raise GwctlError(f"cannot write {path}: {error.strerror or error}") from error
