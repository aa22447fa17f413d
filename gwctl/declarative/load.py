"""Loading: a document becomes records, or one error that tells everything that is wrong (admin-api.md 3)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from gwctl.declarative.declared import DEFAULT_WORKSPACE, Declared
from gwctl.declarative.errors import Locate, Path, parse_error
from gwctl.declarative.identity import identify
from gwctl.declarative.items import Document, Item, take_apart
from gwctl.declarative.records import Completion
from gwctl.declarative.references import Index, Outside, Resolver, nothing_outside
from gwctl.declarative.report import refusal
from gwctl.declarative.source import Source, read_source
from gwctl.entities.catalog import Catalog
from gwctl.schema import RecordDict


def load(
    text: str | bytes,
    *,
    catalog: Catalog,
    now: float,
    name: str | None = None,
    select_tags: Sequence[str] = (),
    outside: Outside = nothing_outside,
    hashed: bool = True,
) -> Declared:
    """The records that ``text`` declares.

    The end of ``name`` (a file name) says JSON or YAML; without it both are tried. ``now`` is in seconds.
    ``select_tags`` are added to every record that has tags. ``outside`` finds records that are not in the document.
    Without ``hashed`` passwords stay as the document has them: a plan hashes them once it knows their consumers' rows.
    Raises DeclarativeError with every error at once.
    """
    source = read_source(text, name)
    return load_source(source, catalog=catalog, now=now, select_tags=select_tags, outside=outside, hashed=hashed)


def load_source(
    source: Source,
    *,
    catalog: Catalog,
    now: float,
    select_tags: Sequence[str] = (),
    outside: Outside = nothing_outside,
    hashed: bool = True,
) -> Declared:
    """`load` for a text that was read already."""
    digest = hashlib.md5(source.data, usedforsecurity=False).hexdigest()
    file = source.name or "text"
    warnings = tuple(f"{file}:{twice}" for twice in source.duplicates)
    loading = _Loading(catalog, now, select_tags, outside, file=source.name, locate=source.locate, hashed=hashed)
    return loading.run(source.document, digest, warnings)


def load_values(
    document: Any,
    *,
    catalog: Catalog,
    now: float,
    select_tags: Sequence[str] = (),
    outside: Outside = nothing_outside,
    locate: Locate | None = None,
    file: str | None = None,
    paths: bool = False,
) -> Declared:
    """`load` for a document that is an object already; it is only read. Its hash is the md5 of what it holds.

    ``locate`` finds its paths in a text. With ``paths`` the result says where each record stands.
    """
    loading = _Loading(catalog, now, select_tags, outside, file=file, locate=locate, paths=paths)
    return loading.run(document, None, ())


class _Loading:
    def __init__(
        self,
        catalog: Catalog,
        now: float,
        select_tags: Sequence[str],
        outside: Outside,
        *,
        file: str | None,
        locate: Locate | None,
        paths: bool = False,
        hashed: bool = True,
    ) -> None:
        self._catalog = catalog
        self._now = now
        self._select_tags = select_tags
        self._outside = outside
        self._file = file
        self._locate = locate
        self._paths = paths
        self._hashed = hashed

    def run(self, document: Any, digest: str | None, warnings: tuple[str, ...]) -> Declared:
        if not isinstance(document, dict):
            raise parse_error("expected an object", file=self._file)
        parts = take_apart(document, self._catalog)
        for item in parts.items:
            identify(item)
        resolver = Resolver(Index(parts.items), self._outside)
        completion = Completion(resolver, self._now, self._select_tags, transform=parts.transform and self._hashed)
        for item in parts.items:
            completion.complete(item)
        error = refusal(parts, completion, self._file, self._locate)
        if error is not None:
            raise error
        records = _ordered(self._catalog, parts.items)
        return Declared(
            records=records,
            hash=digest if digest is not None else _hash_of(records, parts),
            format_version=parts.format_version,
            transform=parts.transform and not self._hashed,
            derived=_keys(parts.items, "derived"),
            random=_keys(parts.items, "random"),
            warnings=(*warnings, *completion.warnings),
            paths=_paths(parts.items) if self._paths else {},
            workspace=_workspace(parts.items),
        )


def _ordered(catalog: Catalog, items: list[Item]) -> dict[str, dict[str, RecordDict]]:
    found: dict[str, dict[str, RecordDict]] = {}
    for item in items:
        if item.record is not None and item.schema.stored and item.schema.name not in _NOT_CONFIGURATION:
            found.setdefault(item.schema.name, {})[item.schema.key_of(item.record)] = item.record
    return {name: found[name] for name in catalog.names if name in found}


_NOT_CONFIGURATION = frozenset({"workspaces", "clustering_data_planes"})
"""May be declared, but there is one workspace, and data planes tell of themselves."""


def _paths(items: list[Item]) -> Mapping[tuple[str, str], Path]:
    return {(item.schema.name, item.schema.key_of(item.record)): item.path for item in items if item.record is not None}


def _keys(items: list[Item], origin: str) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for item in items:
        if item.origin == origin and item.id is not None:
            found.setdefault(item.schema.name, set()).add(item.id)
    return {name: frozenset(keys) for name, keys in found.items()}


def _hash_of(records: Mapping[str, Mapping[str, RecordDict]], parts: Document) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    digest.update(orjson.dumps({"_format_version": parts.format_version, "_transform": parts.transform}))
    for entity, by_key in records.items():
        digest.update(entity.encode())
        for record in by_key.values():
            digest.update(orjson.dumps(record, option=orjson.OPT_SORT_KEYS))
    return digest.hexdigest()


def _workspace(items: list[Item]) -> str:
    """The id of the workspace that everything is in."""
    declared = (item.id for item in items if item.schema.name == "workspaces" and item.own.get("name") == "default")
    return next(declared, None) or DEFAULT_WORKSPACE
