"""Reading the cache: a reader follows the current generation, a view is one consistent state of it.

A view holds an LMDB read transaction and keeps its generation open; a change or a newer generation does not disturb it.
Views are for one thread at a time, readers and views of other threads do not matter to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import orjson

from gwctl.cache import keys
from gwctl.cache.difference import difference
from gwctl.cache.directory import Directory
from gwctl.cache.environments import Environments, Lease
from gwctl.cache.errors import CacheDamaged, CacheMissing, CacheStorage, storage_errors
from gwctl.cache.state import read_state
from gwctl.kit.changes import Position
from gwctl.kit.clock import Clock, SystemClock
from gwctl.kit.version import Version
from gwctl.schema.expiry import has_ended

_ATTEMPTS = 5


class CacheReader:
    """Open with ``open``, one per process and cache directory."""

    def __init__(self, directory: Directory, environments: Environments, clock: Clock | None = None) -> None:
        self._directory = directory
        self._environments = environments
        self._clock = clock or SystemClock()
        self._lease = self._acquire()

    @classmethod
    def open(cls, path: Path, clock: Clock | None = None) -> CacheReader:
        """Open the current generation of the cache at ``path``, which its writer has verified.

        ``clock`` says which records have ended; by default that of the system.

        Raises CacheMissing, CacheDamaged (a file cut short), CacheStorage.
        """
        return cls(Directory(path), Environments(), clock)

    @staticmethod
    def exists(path: Path) -> bool:
        """Whether there is a generation to open; when there is none, nobody ever wrote one or somebody removed it."""
        return Directory(path).readable() is not None

    def refresh(self) -> bool:
        """Follow the pointer; True when another generation is current now. Open views keep theirs.

        Raises as ``open``.
        """
        if self._directory.readable() == self._lease.path:
            return False
        lease = self._acquire()
        previous, self._lease = self._lease, lease
        previous.release()
        return previous.path != lease.path

    def _acquire(self) -> Lease:
        # A generation may be swept between reading the pointer and opening it: read the pointer again then.
        failure: Exception | None = None
        for _ in range(_ATTEMPTS):
            path = self._directory.readable()
            if path is None:
                break
            try:
                return self._environments.acquire(path)
            except (CacheStorage, CacheDamaged) as error:
                failure = error
                if self._directory.readable() == path:
                    raise
        if failure is not None:
            raise failure
        raise CacheMissing(
            f"there is no cache at {self._directory.path}",
            hint="start the node that writes it, or check the prefix (-p)",
        )

    def view(self) -> CacheView:
        """The records as they are now. Close it when nothing reads from it any more. Raises CacheStorage."""
        return CacheView(self._lease.share(), self._clock)

    def position(self) -> Position:
        """Version, digest and count at this moment."""
        with self.view() as view:
            return view.position

    def close(self) -> None:
        """Close the current generation as soon as its last view is closed."""
        self._lease.release()


class CacheView:
    """One consistent state of the records, in stored form.

    ``find`` and ``children``, through which requests are served, leave out records that have ended; everything else
    shows what is stored, so that copies compare equal until the control plane deletes them.
    """

    def __init__(self, lease: Lease, clock: Clock) -> None:
        self._lease = lease
        self._clock = clock
        try:
            with storage_errors(lease.path):
                self._txn = lease.environment.begin(buffers=True)
            state = self._state = read_state(self._txn)
            self.position: Position = state.position
            self.label: str = state.label
        except BaseException:
            lease.release()
            raise

    @property
    def version(self) -> Version:
        return self.position.version

    @property
    def digest(self) -> int:
        return self.position.digest

    def get(self, entity: str, key: str) -> dict[str, Any] | None:
        """The record with this primary key."""
        stored = self._txn.get(keys.record_key(entity, key))
        return None if stored is None else _decode(stored)

    def has(self, entity: str, key: str) -> bool:
        return self._txn.get(keys.record_key(entity, key)) is not None

    def changed_since(self, earlier: object) -> list[tuple[str, str]] | None:
        """(entity, primary key) of the records that differ from an ``earlier`` view; None when that is not known."""
        if not isinstance(earlier, CacheView):
            return None
        return difference(earlier._txn, earlier._state, self._txn, self._state)

    def find(self, entity: str, field: str | Sequence[str], value: Any) -> dict[str, Any] | None:
        """The record whose unique ``field`` has ``value``; several fields and values for a combined unique key."""
        fields, values = ([field], [value]) if isinstance(field, str) else (field, value)
        stored = self._txn.get(keys.unique_key(entity, fields, values))
        found = None if stored is None else self.get(entity, keys.content_of(stored).decode())
        return None if found is None or has_ended(found, self._clock.now()) else found

    def records(self, entity: str) -> Iterator[dict[str, Any]]:
        """Every record of an entity, by key."""
        for _, value in self._scan(keys.record_prefix(entity)):
            yield _decode(value)

    def documents(self, entity: str) -> Iterator[bytes]:
        """The canonical JSON of every record of an entity, by key."""
        for _, value in self._scan(keys.record_prefix(entity)):
            yield bytes(value[keys.RECORD_DIGEST_SIZE :])

    def documents_after(self, entity: str, key: str | None) -> Iterator[bytes]:
        """The canonical JSON of the records that come after ``key``; None: of all."""
        first = None if key is None else keys.record_key(entity, key)
        for _, value in self._scan(keys.record_prefix(entity), first):
            yield bytes(value[keys.RECORD_DIGEST_SIZE :])

    def children_after(self, entity: str, field: str, parent: str, key: str | None) -> Iterator[bytes]:
        """``documents_after`` among the children of one parent."""
        first = None if key is None else keys.foreign_key(entity, field, parent, key)
        for _, value in self._scan(keys.foreign_prefix(entity, field, parent), first):
            stored = self._txn.get(keys.record_key(entity, keys.content_of(value).decode()))
            if stored is not None:
                yield bytes(stored[keys.RECORD_DIGEST_SIZE :])

    def children(self, entity: str, field: str, parent: str) -> Iterator[dict[str, Any]]:
        """The records of ``entity`` whose foreign key ``field`` refers to ``parent``."""
        for _, value in self._scan(keys.foreign_prefix(entity, field, parent)):
            record = self.get(entity, keys.content_of(value).decode())
            if record is not None and not has_ended(record, self._clock.now()):
                yield record

    def _scan(self, prefix: bytes, after: bytes | None = None) -> Iterator[tuple[bytes, memoryview]]:
        """The entries below ``prefix``, or those behind the key ``after`` below it."""
        with self._txn.cursor() as cursor:
            if not cursor.set_range(after or prefix):
                return
            for key, value in cursor:
                name = bytes(key)
                if not name.startswith(prefix):
                    return
                if name != after:
                    yield name, value

    def close(self) -> None:
        """End the read transaction; more than once does no harm."""
        self._txn.abort()
        self._lease.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _decode(value: memoryview) -> dict[str, Any]:
    record: dict[str, Any] = orjson.loads(value[keys.RECORD_DIGEST_SIZE :])
    return record
