"""The one writer of a cache directory.

It finds the newest sound generation at start, applies small changes to it in single transactions, and replaces it by a
new generation for everything bigger: a full set of records, or a memory map that is full. Readers see a change when its
transaction commits and a new generation when the pointer moves; both are all or nothing.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lmdb

from gwctl.cache import keys
from gwctl.cache.directory import Directory, discard, number_of
from gwctl.cache.edit import Changes, Edit
from gwctl.cache.environments import Environments, Lease, claim_length, ensure_whole, lengthen
from gwctl.cache.errors import CacheDamaged, CacheError, CacheFull, storage_errors
from gwctl.cache.generation import LARGEST_MAP, GenerationWriter
from gwctl.cache.journal import TOMBSTONES, entries
from gwctl.cache.layout import Layout
from gwctl.cache.reader import CacheReader
from gwctl.cache.state import EMPTY, State, read_state, write_marker, write_state
from gwctl.cache.verification import verify_in_child
from gwctl.kit.changes import Delta, Document, Position
from gwctl.kit.version import Version
from gwctl.observe.logs import NOTICE

if TYPE_CHECKING:
    from gwctl.entities.catalog import Catalog

DEFAULT_MAP_SIZE = 2 << 30
"""Address space reserved for a generation; the file grows only as records need it."""

_log = logging.getLogger("gwctl.cache")


class CacheWriter:
    """Open with ``open``; use from one thread at a time (``mend`` from any), readers may be in any.

    ``incidents`` are texts about damage that was found and what was done; whoever reports them clears the list.
    """

    def __init__(
        self,
        directory: Directory,
        layout: Layout,
        *,
        map_size: int,
        largest: int,
        tombstones: int | None,
        durable: bool,
    ) -> None:
        self.incidents: list[str] = []
        self._directory = directory
        self._layout = layout
        self._map_size = map_size
        self._largest = largest
        self._tombstones = tombstones
        self._durable = durable
        self._environments = Environments()
        self._lock = directory.lock()
        self._state = EMPTY
        self._swap = threading.Lock()
        self._busy = threading.RLock()
        self._lease: Lease | None = None
        self._file: tuple[int, int] | None = None
        self._damage: CacheDamaged | None = None

    @classmethod
    def open(
        cls,
        path: Path,
        catalog: Catalog,
        *,
        map_size: int = DEFAULT_MAP_SIZE,
        largest: int = LARGEST_MAP,
        journal: bool = False,
        tombstones: int = TOMBSTONES,
        durable: bool = True,
    ) -> CacheWriter:
        """Open or create the cache at ``path``.

        The newest sound generation becomes current; damaged ones are set aside with an incident each, and without any
        sound one the cache starts empty. ``journal`` keeps what ``delta_from`` needs, ``tombstones`` deletions among
        it. ``durable=False`` leaves writing to the disk to the kernel: safe when the process dies, not when the
        machine does. A full map grows up to ``largest`` bytes.
        Raises CacheBusy, CacheStorage.
        """
        directory = Directory(path)
        directory.create()
        kept = tombstones if journal else None
        writer = cls(directory, Layout(catalog), map_size=map_size, largest=largest, tombstones=kept, durable=durable)
        try:
            writer._open_newest()
        except BaseException:
            writer.close()
            raise
        return writer

    @property
    def path(self) -> Path:
        return self._directory.path

    @property
    def position(self) -> Position:
        return self._state.position

    @property
    def label(self) -> str:
        """What the current records were called when they were committed."""
        return self._state.label

    @property
    def generation(self) -> int:
        """Number of the current generation."""
        return number_of(self._current().path)

    def reader(self) -> CacheReader:
        """A reader inside the writer's process, where LMDB allows a file to be opened only once."""
        return CacheReader(self._directory, self._environments)

    def apply(self, version: Version, changes: Changes, *, expected: int | None = None, label: str = "") -> Position:
        """Make the changes, the version and the label current in one transaction; all or nothing.

        With ``expected`` the digest of all records must then be that one. Raises CacheConflict, DigestMismatch,
        CacheStorage; nothing was applied then.
        """
        current = self._state.position.version
        if version.lineage != current.lineage or version.number < current.number:
            raise CacheError(f"version {version.number} does not continue version {current.number} of the cache")
        changes = list(changes)
        while True:
            try:
                with self._busy, storage_errors(self.path):
                    self._state = self._commit(self._current().environment, version, changes, expected, label)
                return self._state.position
            except lmdb.MapFullError:
                self._grow()
            except CacheDamaged as damage:
                self._damage = damage
                raise

    def _commit(self, environment: Any, version: Version, changes: Changes, expected: int | None, label: str) -> State:
        environment.reader_check()
        with environment.begin(write=True) as transaction:
            edit = Edit(transaction, self._layout, self._state, self._tombstones)
            state = edit.run(changes, version, expected, label)
        lengthen(environment, self._current().path)
        return state

    def begin_generation(self) -> GenerationWriter:
        """Start a full set of records beside the current one; it becomes current with its ``commit``."""
        with storage_errors(self.path):
            path = self._directory.begin()
        return GenerationWriter(
            path, self._layout, map_size=self._map_size, publish=self._publish, largest=self._largest
        )

    def delta_from(self, number: int) -> Delta | None:
        """The net change since version ``number``; None when the journal does not reach back so far or the number is
        ahead of the cache. May be called from another thread than the one that writes."""
        lease = self._share()
        try:
            with lease.environment.begin(buffers=True) as transaction:
                state = read_state(transaction)
                if self._tombstones is None or not state.horizon <= number <= state.position.version.number:
                    return None
                documents = [
                    self._document(transaction, entity, key) for _, entity, key, _ in entries(transaction, number)
                ]
        finally:
            lease.release()
        return Delta(number, state.position, tuple(sorted(documents, key=self._foreign_key_order)))

    @staticmethod
    def _document(transaction: Any, entity: str, key: str) -> Document:
        stored = transaction.get(keys.record_key(entity, key))
        return Document(entity, key, None if stored is None else bytes(stored[keys.RECORD_DIGEST_SIZE :]))

    def _foreign_key_order(self, document: Document) -> tuple[bool, int, str]:
        place = self._layout.order[document.entity]
        gone = document.text is None
        return gone, -place if gone else place, document.key

    def mend(self) -> None:
        """Put back what somebody has taken out of the directory while it is in use: the pointer, or everything.

        What was not lost is not touched. Raises CacheDamaged when the open file itself was cut short, or when a write
        has found it damaged: then nothing but opening the cache anew helps. Raises CacheBusy when the place belongs to
        another writer now, CacheStorage.
        """
        if self._damage is not None:
            raise self._damage
        with self._busy, storage_errors(self.path):
            self._lock_again()
            path = self._current().path
            if _identity(path) != self._file:
                self._copy(self._current().environment.info()["map_size"])
                self._report(f"the cache {self.path} was removed while it was in use and is written again")
                return
            ensure_whole(path / "data.mdb", written=True)
            if self._directory.current() != path:
                self._directory.point_to(path)
                self._report(f"the pointer of the cache {self.path} was lost and is written again")

    def _lock_again(self) -> None:
        if self._directory.holds(self._lock):
            return
        self._directory.create()
        previous, self._lock = self._lock, self._directory.lock()
        os.close(previous)

    def _report(self, text: str) -> None:
        self.incidents.append(text)
        _log.error("%s", text)

    def close(self) -> None:
        """Close the current generation (open views keep theirs) and let another writer in."""
        with self._swap:
            lease, self._lease = self._lease, None
        if lease is not None:
            lease.release()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _current(self) -> Lease:
        if self._lease is None:
            raise CacheError(f"the cache {self.path} is closed")
        return self._lease

    def _share(self) -> Lease:
        with self._swap:
            return self._current().share()

    # Opening and replacing generations

    def _open_newest(self) -> None:
        for path in self._directory.candidates():
            try:
                with storage_errors(path):
                    claim_length(path / "data.mdb")
                verify_in_child(path)
                self._adopt(path)
            except CacheDamaged as error:
                self._set_aside(path, error)
                continue
            self._directory.sweep(path)
            return
        self.begin_generation().commit_empty()

    def _adopt(self, path: Path) -> None:
        """Make a sound generation the current one of this writer and of the pointer."""
        lease = self._environments.acquire(path, writable=True, durable=self._durable)
        try:
            with storage_errors(path), lease.environment.begin() as transaction:
                state = read_state(transaction)
            with storage_errors(path):
                lengthen(lease.environment, path)
            if self._directory.current() != path:
                self._directory.point_to(path)
        except BaseException:
            lease.release()
            raise
        with self._swap:
            previous, self._lease, self._state = self._lease, lease, state
        self._file = _identity(path)
        if previous is not None:
            previous.release()

    def _set_aside(self, path: Path, error: CacheError) -> None:
        with storage_errors(path):
            kept = self._directory.set_aside(path)
        self._report(f"the cache generation {path.name} was set aside as {kept.name}: {error}")

    def _publish(self, unfinished: Path, verify: bool) -> None:
        if verify:
            verify_in_child(unfinished)
        with self._busy:
            path = self._directory.publish(unfinished)
            self._adopt(path)
        self._directory.sweep(path)

    def _grow(self) -> None:
        """Replace the current generation by a copy with twice the room."""
        size = self._current().environment.info()["map_size"] * 2
        if size > self._largest:
            raise CacheFull(f"the cache {self.path} is full and cannot grow beyond {self._largest} bytes")
        with self._busy, storage_errors(self.path):
            self._directory.sweep(self._copy(size))
        _log.log(NOTICE, "the cache %s was full: generation %d has room for %d bytes", self.path, self.generation, size)

    def _copy(self, size: int) -> Path:
        """Make a copy of the open generation the current one, with room for ``size`` bytes."""
        path = self._directory.begin(above=self.generation)
        try:
            self._current().environment.copy(str(path), compact=True)
            with contextlib.closing(lmdb.open(str(path), map_size=size, mode=0o600)) as copy:
                with copy.begin(write=True) as transaction:
                    write_state(transaction, self._state)
                copy.sync(True)
                lengthen(copy, path)
            write_marker(path, self._state)
            verify_in_child(path)
            finished = self._directory.publish(path)
            self._adopt(finished)
        except BaseException:
            discard(path)
            raise
        return finished


def _identity(generation: Path) -> tuple[int, int] | None:
    """Which file the generation has at its place now; None when there is none."""
    try:
        status = (generation / "data.mdb").stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_dev, status.st_ino
