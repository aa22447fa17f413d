"""Export: records become a file that loads into the same records (admin-api.md 3.6, 3.7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Literal

import orjson

from gwctl.declarative.upgrade import CURRENT
from gwctl.declarative.yaml_out import emit_list_of_records
from gwctl.entities.catalog import Catalog
from gwctl.schema import RecordDict, Schema

Form = Literal["yaml", "json"]

NOT_EXPORTED = frozenset(
    {
        "workspaces",
        "tags",
        "clustering_data_planes",
        "oauth2_authorization_codes",
        "sessions",
        "ratelimiting_metrics",
    }
)
"""Entities that a file never holds (admin-api.md 3.7)."""


def export(
    records: Iterable[tuple[str, RecordDict]], *, catalog: Catalog, form: Form = "yaml", transform: bool = False
) -> str:
    """The text of ``records``; see `export_lines`."""
    return "".join(export_lines(records, catalog=catalog, form=form, transform=transform))


def export_lines(
    records: Iterable[tuple[str, RecordDict]], *, catalog: Catalog, form: Form = "yaml", transform: bool = False
) -> Iterator[str]:
    """The lines of a file with ``records``, one entity after the other; nothing is held in memory.

    ``records`` are (entity, record in stored form), all of one entity together, parents first: the order of the file.
    Foreign keys become ids; unset fields are written as null. ``transform`` false says that secrets are hashed already.
    """
    known = ((entity, record) for entity, record in records if entity not in NOT_EXPORTED)
    kinds = groupby(known, key=lambda pair: pair[0])
    if form == "json":
        return _json_lines(kinds, catalog, transform)
    return _yaml_lines(kinds, catalog, transform)


_Kinds = Iterable[tuple[str, Iterable[tuple[str, RecordDict]]]]


def _yaml_lines(kinds: _Kinds, catalog: Catalog, transform: bool) -> Iterator[str]:
    yield f"_format_version: '{CURRENT}'\n_transform: {'true' if transform else 'false'}\n"
    for entity, pairs in kinds:
        yield f"{entity}:\n"
        schema = catalog[entity]
        for line in emit_list_of_records(written(schema, record) for _, record in pairs):
            yield f"{line}\n"


def _json_lines(kinds: _Kinds, catalog: Catalog, transform: bool) -> Iterator[str]:
    yield f'{{\n"_format_version": "{CURRENT}",\n"_transform": {"true" if transform else "false"}'
    for entity, pairs in kinds:
        yield f',\n"{entity}": ['
        comma = "\n"
        schema = catalog[entity]
        for _, record in pairs:
            yield comma + orjson.dumps(written(schema, record)).decode()
            comma = ",\n"
        yield "\n]"
    yield "\n}\n"


def written(schema: Schema, record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as files hold it: foreign keys as ids."""
    plain = dict(record)
    for name in schema.foreign:
        value = plain.get(name)
        if isinstance(value, Mapping):
            plain[name] = value["id"]
    return plain
