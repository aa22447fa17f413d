"""Which record was last changed by which version: the net change since a version without a history of values.

Every record has at most one journal entry, that of its last change. Deletions stay as entries without a record
(tombstones); when there are too many, the oldest go and the horizon rises to the version of the last one that went:
from below the horizon the difference is unknown.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from gwctl.cache import keys

TOMBSTONES = 10_000
"""Deletions remembered; roughly 200 bytes each."""

_COUNT = b"m|tombstones"


class Journal:
    """The journal as seen by one write transaction."""

    def __init__(self, transaction: Any, tombstones: int) -> None:
        self._txn = transaction
        self._limit = tombstones

    def note(self, number: int, changes: Mapping[tuple[str, str], object | None], horizon: int) -> int:
        """Record that version ``number`` made these changes (None: deleted); returns the horizon afterwards."""
        dead = self._count()
        for (entity, key), record in changes.items():
            dead -= self._forget(entity, key)
            dead += record is None
            self._remember(number, entity, key, gone=record is None)
        if dead > self._limit:
            horizon = max(horizon, self._drop_tombstones(dead - self._limit))
            dead = self._limit
        self._txn.put(_COUNT, keys.seal(_COUNT, str(dead).encode()))
        return horizon

    def _count(self) -> int:
        stored = self._txn.get(_COUNT)
        return int(keys.unseal(_COUNT, stored)) if stored is not None else 0

    def _forget(self, entity: str, key: str) -> bool:
        """Drop the entry of a record's earlier change; True when it was a tombstone."""
        last = keys.last_key(entity, key)
        stored = self._txn.pop(last)
        if stored is None:
            return False
        entry = self._txn.pop(keys.journal_key(int(keys.unseal(last, stored)), entity, key))
        return entry is not None and _decode(entry)[2]

    def _remember(self, number: int, entity: str, key: str, *, gone: bool) -> None:
        last, index = keys.last_key(entity, key), keys.journal_key(number, entity, key)
        self._txn.put(last, keys.seal(last, str(number).encode()))
        self._txn.put(index, keys.seal(index, orjson.dumps([entity, key, gone])))

    def _drop_tombstones(self, count: int) -> int:
        """Remove the oldest tombstones; returns the version of the last one removed."""
        oldest = list(itertools.islice((entry for entry in entries(self._txn, 0) if entry[3]), count))
        for index, entity, key, _ in oldest:
            self._txn.delete(index)
            self._txn.delete(keys.last_key(entity, key))
        return max((keys.journal_number(entry[0]) for entry in oldest), default=0)


def entries(transaction: Any, after: int) -> Iterator[tuple[bytes, str, str, bool]]:
    """(index key, entity, key, gone) of every change after version ``after``, oldest first."""
    with transaction.cursor() as cursor:
        if not cursor.set_range(keys.journal_start(after + 1)):
            return
        for index, value in cursor.iternext(keys=True, values=True):
            name = bytes(index)
            if not name.startswith(b"v|"):
                return
            entity, key, gone = _decode(value)
            yield name, entity, key, gone


def _decode(value: bytes | memoryview) -> tuple[str, str, bool]:
    entity, key, gone = orjson.loads(keys.content_of(value))
    return entity, key, gone
