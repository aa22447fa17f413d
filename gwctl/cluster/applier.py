"""Putting received configuration into a sink: everything is validated first, then applied as a whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from gwctl.cache.errors import CacheConflict, DigestMismatch
from gwctl.cluster.errors import LinkError
from gwctl.cluster.ports import ConfigSink, ConfigSource, SinkGeneration
from gwctl.kit.changes import Change, Position
from gwctl.kit.errors import GwctlError
from gwctl.kit.version import Version

if TYPE_CHECKING:
    from gwctl.entities.catalog import Catalog

_DETAIL_LIMIT = 2000


class RecordRefused(LinkError):
    """A record that its entity does not allow."""

    code = "record_refused"

    def __init__(self, entity: str, key: str, reason: str) -> None:
        super().__init__(f"{entity} {key}: {reason}")
        self.entity = entity
        self.key = key


class Failure(NamedTuple):
    """Why nothing was applied. ``kind``: "invalid" (the records are at fault), "conflict" (they do not fit to what is
    stored), "digest" (the result is not what was announced) or "storage" (a later attempt may work)."""

    kind: str
    reason: str
    entity: str | None = None
    key: str | None = None


def explain(error: GwctlError) -> Failure:
    """The failure behind an error of the sink or of validation."""
    if isinstance(error, RecordRefused):
        return Failure("invalid", error.message, error.entity, error.key)
    if isinstance(error, CacheConflict):
        return Failure("conflict", error.message, error.entity, error.key)
    if isinstance(error, DigestMismatch):
        return Failure("digest", error.message)
    return Failure("storage", error.message)


class Applier:
    """Synchronous; used by one thread at a time. Raises RecordRefused and the errors of the sink."""

    def __init__(self, sink: ConfigSink, catalog: Catalog) -> None:
        self._sink = sink
        self._schemas = {schema.name: schema for schema in catalog.exported}
        self._generation: SinkGeneration | None = None

    @property
    def position(self) -> Position:
        return self._sink.position

    def apply(self, version: Version, digest: int, changes: Sequence[Change]) -> Position:
        """Apply a delta that leads to ``version`` and ``digest``."""
        for entity, key, record in changes:
            self._check(entity, key, record)
        return self._sink.apply(version, changes, expected=digest)

    def begin(self) -> None:
        """Start a full set of records; one that was begun before is forgotten."""
        self.abandon()
        self._generation = self._sink.begin_generation()

    def store(self, records: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Add records to the set that was begun."""
        if self._generation is None:
            raise LinkError("no snapshot was begun")
        for entity, record in records:
            self._check(entity, None, record)
            self._generation.put(entity, record)

    def finish(self, version: Version, digest: int) -> Position:
        """Make the set current."""
        generation = self._generation
        if generation is None:
            raise LinkError("no snapshot was begun")
        position = generation.commit(version, expected=digest)
        self._generation = None
        return position

    def abandon(self) -> None:
        """Forget a set that was begun."""
        generation, self._generation = self._generation, None
        if generation is not None:
            generation.abort()

    def _check(self, entity: str, key: str | None, record: Mapping[str, Any] | None) -> None:
        schema = self._schemas.get(entity)
        if schema is None:
            raise RecordRefused(entity, key or "", "this kind of entity is unknown to this node")
        if record is None:
            return
        named = record.get(schema.primary_key)
        if not isinstance(named, str) or (key is not None and named != key):
            raise RecordRefused(entity, key or str(named), f"the record has another {schema.primary_key}")
        errors = schema.validate(record)
        if errors:
            detail = orjson.dumps(errors, default=str).decode()[:_DETAIL_LIMIT]
            raise RecordRefused(entity, named, f"schema violation {detail}")


def follow(source: ConfigSource, applier: Applier) -> Position | None:
    """Bring a sink to the position of a source in the same process; None when it is there already.

    What a node without a link does. Raises GwctlError when nothing could be applied.
    """
    goal, has = source.position, applier.position
    if (goal.version, goal.digest) == (has.version, has.digest):
        return None
    if goal.version.lineage == has.version.lineage and has.version.number < goal.version.number:
        delta = source.delta_from(has.version.number)
        if delta is not None:
            changes = [
                Change(entity, key, None if text is None else orjson.loads(text)) for entity, key, text in delta.changes
            ]
            try:
                return applier.apply(delta.position.version, delta.position.digest, changes)
            except (CacheConflict, DigestMismatch):
                pass  # the two have drifted apart: everything again
    return _copy(source, applier)


def _copy(source: ConfigSource, applier: Applier) -> Position:
    snapshot = source.open_snapshot()
    try:
        applier.begin()
        for entity, text in snapshot.documents():
            applier.store([(entity, orjson.loads(text))])
        return applier.finish(snapshot.position.version, snapshot.position.digest)
    finally:
        applier.abandon()
        snapshot.close()
