"""A full set of records, written beside the current generation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import lmdb

from gwctl.cache.directory import discard
from gwctl.cache.edit import Edit
from gwctl.cache.environments import lengthen
from gwctl.cache.errors import CacheFull, DigestMismatch, storage_errors
from gwctl.cache.layout import Layout
from gwctl.cache.state import EMPTY, State, write_marker, write_state
from gwctl.kit.changes import Position
from gwctl.kit.digest import to_hex
from gwctl.kit.version import Version

_BATCH_RECORDS = 5000
"""Each transaction copies the pages that it changes, so many small ones need more room."""
LARGEST_MAP = 1 << 40

T = TypeVar("T")


class GenerationWriter:
    """Takes records, parents before children, in bounded transactions; nothing is visible before ``commit``.

    A map that is too small is enlarged up to ``largest`` bytes: nobody else has the file open yet. Not for two threads
    at a time.
    """

    def __init__(
        self,
        path: Path,
        layout: Layout,
        *,
        map_size: int,
        publish: Callable[[Path, bool], None],
        largest: int = LARGEST_MAP,
    ) -> None:
        self._path = path
        self._largest = largest
        self._layout = layout
        self._publish = publish
        self._batch: list[tuple[str, str, dict[str, Any] | None]] = []
        self._state = EMPTY
        with storage_errors(path):
            self._environment: Any = lmdb.open(str(path), map_size=map_size, sync=False, mode=0o600, max_dbs=0)

    def put(self, entity: str, record: dict[str, Any]) -> None:
        """Add a record. Raises CacheConflict (also for records before it, which wait in a batch), CacheStorage."""
        self._batch.append((entity, self._layout.key_of(entity, record), record))
        if len(self._batch) >= _BATCH_RECORDS:
            self.flush()

    def flush(self) -> Position:
        """Write what waits; returns digest and count so far. Raises as ``put``."""
        if self._batch:
            self._state = self._written(self._write_batch)
            self._batch = []
        return self._state.position

    def _write_batch(self, transaction: Any) -> State:
        return Edit(transaction, self._layout, self._state).run(self._batch, self._state.position.version)

    def _written(self, step: Callable[[Any], T]) -> T:
        """What ``step`` returns, done in one transaction, with more room when it needs that."""
        while True:
            try:
                with storage_errors(self._path), self._environment.begin(write=True) as transaction:
                    return step(transaction)
            except lmdb.MapFullError:
                self._enlarge()

    def _enlarge(self) -> None:
        size = self._environment.info()["map_size"]
        if size >= self._largest:
            raise CacheFull(f"the cache {self._path} is full and cannot grow beyond {self._largest} bytes")
        with storage_errors(self._path):
            self._environment.set_mapsize(min(size * 2, self._largest))

    def commit(self, version: Version, *, expected: int | None = None, label: str = "") -> Position:
        """Verify the generation and make it the current one, at ``version``; ``label``: see ``State``.

        Raises DigestMismatch when the digest is not ``expected``, CacheConflict, CacheStorage, CacheDamaged; the
        current generation stays then, and ``abort`` is still to be called.
        """
        position = self.flush()
        if expected is not None and position.digest != expected:
            raise DigestMismatch(
                f"{position.records} records have digest {to_hex(position.digest)}, announced was {to_hex(expected)}"
            )
        state = State(Position(version, position.digest, position.records), version.number, label)
        self._finish(state, verify=True)
        return state.position

    def commit_empty(self) -> None:
        """Make a generation without version and records current."""
        self._finish(EMPTY, verify=False)

    def _finish(self, state: State, *, verify: bool) -> None:
        self._written(lambda transaction: write_state(transaction, state))
        with storage_errors(self._path):
            self._environment.sync(True)
            lengthen(self._environment, self._path)
            self._environment.close()
            write_marker(self._path, state)
            self._publish(self._path, verify)

    def abort(self) -> None:
        """Forget everything put; harmless after ``commit``."""
        self._environment.close()
        discard(self._path)
