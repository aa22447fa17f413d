"""One change of the records inside one write transaction: records, indexes, digest, count, journal.

``Edit.run`` works on the set of changes as a whole: all old index entries go first, then all new ones come, then every
foreign key is looked up, so the order of the changes does not matter. It raises before the caller commits.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from gwctl.cache import keys
from gwctl.cache.errors import CacheConflict, DigestMismatch
from gwctl.cache.journal import Journal
from gwctl.cache.layout import Layout
from gwctl.cache.state import State, write_state
from gwctl.kit.changes import Position
from gwctl.kit.digest import combine, to_hex
from gwctl.kit.version import Version

Changes = Iterable[tuple[str, str, dict[str, Any] | None]]


class Edit:
    """``tombstones`` is how many deletions the journal remembers; None keeps no journal."""

    def __init__(self, transaction: Any, layout: Layout, state: State, tombstones: int | None = None) -> None:
        self._txn = transaction
        self._layout = layout
        self._state = state
        self._journal = None if tombstones is None else Journal(transaction, tombstones)
        self._digest = state.position.digest
        self._records = state.position.records

    def run(self, changes: Changes, version: Version, expected: int | None = None, label: str = "") -> State:
        """Make the changes and write the new position; the caller commits, or aborts when this raises.

        With ``expected`` the digest over all records afterwards must be that one. Raises CacheConflict, DigestMismatch,
        lmdb.Error.
        """
        net = {(entity, key): record for entity, key, record in changes}
        for entity, key in net:
            self._layout.ensure_known(entity, key)
            self._remove(entity, key)
        for (entity, key), record in net.items():
            if record is not None:
                self._put(entity, key, record)
        for (entity, key), record in net.items():
            self._check_references(entity, key, record)
        horizon = self._state.horizon
        if self._journal is not None:
            horizon = self._journal.note(version.number, net, horizon)
        if expected is not None and self._digest != expected:
            raise DigestMismatch(
                f"the records would have digest {to_hex(self._digest)}, announced was {to_hex(expected)}"
            )
        state = State(Position(version, self._digest, self._records), horizon, label)
        write_state(self._txn, state)
        return state

    def _remove(self, entity: str, key: str) -> None:
        stored = self._txn.pop(keys.record_key(entity, key))
        if stored is None:
            return
        old = orjson.loads(stored[keys.RECORD_DIGEST_SIZE :])
        for index in self._layout.index_entries(entity, key, old):
            self._txn.delete(index)
        self._digest = combine(self._digest, remove=keys.digest_of(stored))
        self._records -= 1

    def _put(self, entity: str, key: str, record: dict[str, Any]) -> None:
        digest, value = self._layout.encode(entity, key, record)
        self._txn.put(keys.record_key(entity, key), value)
        for index, fields in self._layout.unique(entity, key, record):
            if not self._txn.put(index, keys.seal(index, key.encode()), overwrite=False):
                holder = keys.content_of(self._txn.get(index)).decode()
                raise CacheConflict(entity, key, f"the value of {', '.join(fields)} is already used by {holder}")
        for field, _, parent in self._layout.parents(entity, key, record):
            index = keys.foreign_key(entity, field, parent, key)
            self._txn.put(index, keys.seal(index, key.encode()))
        self._digest = combine(self._digest, add=digest)
        self._records += 1

    def _check_references(self, entity: str, key: str, record: dict[str, Any] | None) -> None:
        if record is None:
            self._check_unreferenced(entity, key)
            return
        for field, reference, parent in self._layout.parents(entity, key, record):
            if self._txn.get(keys.record_key(reference, parent)) is None:
                raise CacheConflict(entity, key, f"field {field} refers to {reference} {parent}, which does not exist")

    def _check_unreferenced(self, entity: str, key: str) -> None:
        for child, field in self._layout.children(entity):
            prefix = keys.foreign_prefix(child, field, key)
            with self._txn.cursor() as cursor:
                if cursor.set_range(prefix) and bytes(cursor.key()).startswith(prefix):
                    holder = keys.content_of(cursor.value()).decode()
                    raise CacheConflict(entity, key, f"it is deleted, but {child} {holder} still refers to it")
