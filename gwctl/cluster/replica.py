"""A control plane's own copy of the configuration, kept in step with the change log of its store.

Links are served from it without touching SQL, also while the database is down. A node without a link (traditional)
keeps the cache of its workers with it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from gwctl.cache.errors import CacheConflict
from gwctl.cache.reader import CacheReader, CacheView
from gwctl.cache.writer import CacheWriter
from gwctl.cluster.plugin_names import PLUGINS, PluginNames
from gwctl.kit.changes import Delta, Position
from gwctl.kit.version import Version

if TYPE_CHECKING:
    from gwctl.entities.catalog import Catalog

_log = logging.getLogger("gwctl.cluster")


class LoggedChange(Protocol):
    """One entry of the change log."""

    @property
    def entity(self) -> str: ...

    @property
    def key(self) -> str: ...

    @property
    def record(self) -> dict[str, Any] | None: ...


class LoggedChanges(Protocol):
    """Whole versions in commit order; ``to`` is the number of the last one."""

    @property
    def lineage(self) -> str: ...

    @property
    def to(self) -> int: ...

    @property
    def changes(self) -> Sequence[LoggedChange]: ...


class FeedSnapshot(Protocol):
    """All exported records at one version."""

    @property
    def version(self) -> Version: ...

    def records(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Parents before children."""
        ...


class ChangeFeed(Protocol):
    """The change log: the store's half of replication. Synchronous; raises GwctlError when it cannot be read."""

    def changes_after(self, number: int, limit: int = 1000) -> LoggedChanges | None:
        """None when the log does not reach back to ``number``, or goes on in too large a step for memory."""
        ...

    def snapshot(self) -> AbstractContextManager[FeedSnapshot]: ...


class Replica:
    """A ``ConfigSource`` on a cache with a journal. ``catch_up`` may be called from several threads."""

    def __init__(self, feed: ChangeFeed, writer: CacheWriter, catalog: Catalog) -> None:
        self._feed = feed
        self._writer = writer
        self._entities = tuple(schema.name for schema in catalog.exported)
        self._lock = threading.Lock()
        self._plugins = PluginNames()
        self._load_plugins()

    @property
    def plugins(self) -> frozenset[str]:
        """The names of the enabled plugins."""
        return self._plugins.names

    @property
    def position(self) -> Position:
        return self._writer.position

    def catch_up(self) -> Position:
        """Follow the change log to its end: change by change, or with a new generation when the lineage is another or
        the log does not reach back. Raises what the feed raises, CacheStorage."""
        with self._lock:
            while True:
                has = self.position.version
                batch = self._feed.changes_after(has.number)
                if batch is None or batch.lineage != has.lineage or batch.to < has.number:
                    return self._rebuild(f"the change log does not lead on from version {has.number} in small steps")
                if batch.to == has.number:
                    return self.position
                self._apply(batch)

    def _apply(self, batch: LoggedChanges) -> None:
        changes = [(change.entity, change.key, change.record) for change in batch.changes]
        try:
            self._writer.apply(Version(batch.lineage, batch.to), changes)
        except CacheConflict as error:
            self._rebuild(f"the copy has drifted from the store ({error})")
        else:
            self._plugins.change(changes)

    def _rebuild(self, why: str) -> Position:
        generation = self._writer.begin_generation()
        try:
            with self._feed.snapshot() as snapshot:
                for entity, record in snapshot.records():
                    generation.put(entity, record)
                position = generation.commit(snapshot.version)
        finally:
            generation.abort()
        self._load_plugins()
        number, records = position.version.number, position.records
        _log.info("[clustering] copied %d records at version %d: %s", records, number, why)
        return position

    def _load_plugins(self) -> None:
        reader = self._writer.reader()
        try:
            with reader.view() as view:
                self._plugins.load(view.documents(PLUGINS))
        finally:
            reader.close()

    def delta_from(self, number: int) -> Delta | None:
        return self._writer.delta_from(number)

    def open_snapshot(self) -> ReplicaSnapshot:
        return ReplicaSnapshot(self._writer.reader(), self._entities)


class ReplicaSnapshot:
    """All records of the replica at one position."""

    def __init__(self, reader: CacheReader, entities: Sequence[str]) -> None:
        self._reader = reader
        self._entities = entities
        try:
            self._view: CacheView = reader.view()
        except BaseException:
            reader.close()
            raise

    @property
    def position(self) -> Position:
        return self._view.position

    def documents(self) -> Iterator[tuple[str, bytes]]:
        for entity in self._entities:
            for text in self._view.documents(entity):
                yield entity, text

    def close(self) -> None:
        self._view.close()
        self._reader.close()
