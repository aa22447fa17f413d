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
from gwctl.schema.expiry import TTL, has_ended

Form = Literal["yaml", "json"]


def export(
    records: Iterable[tuple[str, RecordDict]],
    *,
    catalog: Catalog,
    form: Form = "yaml",
    transform: bool = False,
    now: float | None = None,
) -> str:
    """The text of ``records``; see `export_lines`."""
    return "".join(export_lines(records, catalog=catalog, form=form, transform=transform, now=now))


def export_lines(
    records: Iterable[tuple[str, RecordDict]],
    *,
    catalog: Catalog,
    form: Form = "yaml",
    transform: bool = False,
    now: float | None = None,
) -> Iterator[str]:
    """The lines of a file with ``records``, one entity after the other; nothing is held in memory.

    ``records`` are (entity, record in stored form), all of one entity together, parents first: the order of the file.
    Foreign keys become ids; unset fields are written as null. ``transform`` false says that secrets are hashed already.
    Entities that are no configuration are left out (admin-api.md 1.0). With ``now`` (seconds) every ``ttl`` is taken
    for the moment at which its record ends: it is written as what is left of it, and what has ended is left out.
    Without, it is written as it is.
    """
    kinds = groupby(_kept(records, catalog, now), key=lambda pair: pair[0])
    lines = _json_lines if form == "json" else _yaml_lines
    return lines(kinds, catalog, transform, None if now is None else int(now))


def _kept(
    records: Iterable[tuple[str, RecordDict]], catalog: Catalog, now: float | None
) -> Iterator[tuple[str, RecordDict]]:
    for entity, record in records:
        schema = catalog[entity]
        if schema.dumped and not (now is not None and schema.ttl and has_ended(record, now)):
            yield entity, record


_Kinds = Iterable[tuple[str, Iterable[tuple[str, RecordDict]]]]


def _yaml_lines(kinds: _Kinds, catalog: Catalog, transform: bool, now: int | None) -> Iterator[str]:
    yield f"_format_version: '{CURRENT}'\n_transform: {'true' if transform else 'false'}\n"
    for entity, pairs in kinds:
        yield f"{entity}:\n"
        schema = catalog[entity]
        for line in emit_list_of_records(written(schema, record, now) for _, record in pairs):
            yield f"{line}\n"


def _json_lines(kinds: _Kinds, catalog: Catalog, transform: bool, now: int | None) -> Iterator[str]:
    yield f'{{\n"_format_version": "{CURRENT}",\n"_transform": {"true" if transform else "false"}'
    for entity, pairs in kinds:
        yield f',\n"{entity}": ['
        comma = "\n"
        schema = catalog[entity]
        for _, record in pairs:
            yield comma + orjson.dumps(written(schema, record, now)).decode()
            comma = ",\n"
        yield "\n]"
    yield "\n}\n"


def written(schema: Schema, record: Mapping[str, Any], now: int | None) -> dict[str, Any]:
    """A record as files hold it: foreign keys as ids, a moment of its end as what is left until then."""
    plain = dict(record)
    for name in schema.foreign:
        value = plain.get(name)
        if isinstance(value, Mapping):
            plain[name] = value["id"]
    if now is not None and schema.ttl and plain.get(TTL) is not None:
        plain[TTL] -= now
    return plain
