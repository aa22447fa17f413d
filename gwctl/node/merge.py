"""Putting the records of a document into a cache: only what differs is written, and all of it at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import orjson

from gwctl.cache import CacheFull, CacheView, CacheWriter, Change
from gwctl.entities.catalog import Catalog
from gwctl.kit.version import Version
from gwctl.schema import RecordDict

MOST_CHANGES = 5000
"""More changes than these are written as a new generation: one transaction over them would take longer."""
_STAMPS = ("created_at", "updated_at")
_STAMP_SECONDS = 1.0


class Merger:
    """Synchronous; used by one thread at a time.

    A record that differs from the stored one only in the time at which it was read keeps the stored one, so that
    loading a file twice changes nothing.
    """

    def __init__(self, writer: CacheWriter, catalog: Catalog) -> None:
        self._writer = writer
        self._entities = tuple(schema.name for schema in catalog.exported)
        self._schemas = {schema.name: schema for schema in catalog.exported}

    def put(self, records: Path, label: str, *, now: float, answer: Path | None = None) -> bool:
        """Make the lines of ``records`` the whole content of the cache; False when it was that already.

        ``now`` is the time the document was read. With ``answer`` the records go there too, as ``POST /config`` answers
        them (admin-api.md 3.6). Raises CacheFull, CacheConflict, CacheStorage; nothing was changed then.
        """
        reader = self._writer.reader()
        try:
            with reader.view() as view:
                changes = self._changes(view, records, now, answer)
                if changes is not None and not changes and label == self._writer.label:
                    return False
                if changes is None or not self._applied(changes, label):
                    self._replace(view, records, label, now)
        finally:
            reader.close()
        return True

    def _next(self) -> Version:
        lineage, number = self._writer.position.version
        return Version(lineage or str(uuid4()), number + 1)

    def _applied(self, changes: list[Change], label: str) -> bool:
        """Whether the changes found room in the present generation."""
        if not self._writer.position.version.lineage:
            return False
        try:
            self._writer.apply(self._next(), changes, label=label)
        except CacheFull:
            return False  # a generation of its own holds no old pages
        return True

    def _replace(self, view: CacheView, records: Path, label: str, now: float) -> None:
        version = self._next()
        generation = self._writer.begin_generation()
        try:
            for entity, record in lines(records):
                generation.put(entity, self._settled(view, entity, record, now)[1])
            generation.commit(version, label=label)
        finally:
            generation.abort()

    def _changes(self, view: CacheView, records: Path, now: float, answer: Path | None) -> list[Change] | None:
        """What differs; None when it is too much for one transaction."""
        seen: set[tuple[str, str]] = set()
        changes: list[Change] | None = []
        with _Answer(answer) as told:
            for entity, record in lines(records):
                schema = self._schemas[entity]
                key = schema.key_of(record)
                changed, record = self._settled(view, entity, record, now)
                told.add(entity, key, schema.shown(record, now=now))
                seen.add((entity, key))
                if changed and changes is not None:
                    changes = _with(changes, Change(entity, key, record))
        for entity in self._entities if changes is not None else ():
            for document in view.documents(entity):
                key = self._schemas[entity].key_of(orjson.loads(document))
                if (entity, key) not in seen and changes is not None:
                    changes = _with(changes, Change(entity, key, None))
        return changes

    def _settled(self, view: CacheView, entity: str, record: RecordDict, now: float) -> tuple[bool, RecordDict]:
        """Whether the record differs from the stored one, and the one to store."""
        stored = view.get(entity, self._schemas[entity].key_of(record))
        if stored is None:
            return True, record
        made = [name for name in _STAMPS if _is_stamp(record.get(name), now)]
        if {**record, **{name: stored.get(name) for name in made}} == stored:
            return False, stored
        if "created_at" in made and stored.get("created_at") is not None:
            record = {**record, "created_at": stored["created_at"]}
        return True, record


def _with(changes: list[Change], change: Change) -> list[Change] | None:
    if len(changes) >= MOST_CHANGES:
        return None
    changes.append(change)
    return changes


def _is_stamp(value: Any, now: float) -> bool:
    """Whether the loader filled in this time: a document does not name the moment at which it is read."""
    return isinstance(value, int | float) and abs(value - now) <= _STAMP_SECONDS


def lines(records: Path) -> Iterator[tuple[str, RecordDict]]:
    """(entity, record) of every line that ``prepare`` wrote."""
    with records.open("rb") as file:
        for line in file:
            entity, record = orjson.loads(line)
            yield entity, record


def write_records(path: Path, view: CacheView, catalog: Catalog) -> None:
    """The records of ``view`` as ``put`` takes them."""
    with path.open("wb") as file:
        for schema in catalog.exported:
            for document in view.documents(schema.name):
                file.write(b'["' + schema.name.encode() + b'",' + document + b"]\n")


class _Answer:
    """Writes ``{"<entity>": {"<id>": {…}}}`` piece by piece; without a path it writes nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._entity: str | None = None

    def __enter__(self) -> _Answer:
        if self._path is not None:
            self._file = self._path.open("wb")
            self._file.write(b"{")
        return self

    def add(self, entity: str, key: str, record: RecordDict) -> None:
        if self._file is None or entity == "workspaces":
            return
        if entity != self._entity:
            self._file.write(b"}," if self._entity is not None else b"")
            self._file.write(orjson.dumps(entity) + b":{")
            self._entity = entity
        else:
            self._file.write(b",")
        self._file.write(orjson.dumps(key) + b":" + orjson.dumps(record))

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.write(b"}}" if self._entity is not None else b"}")
            self._file.close()
