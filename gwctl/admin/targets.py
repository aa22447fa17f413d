"""Targets of an upstream: newest first, addressed by id or by any spelling of ``host:port`` (admin-api.md 2.7)."""

from __future__ import annotations

from gwctl.admin.ports import Reads, UnitOfWork
from gwctl.admin.records import PageOfRecords, Records, Values, reference
from gwctl.admin.routing import required
from gwctl.kit.ids import is_uuid
from gwctl.schema import EntityError, RecordDict
from gwctl.store.paging import MAX_SIZE


class TargetRecords(Records):
    """Targets exist only below their upstream; PUT changes an existing one and never creates."""

    clamps_size = True

    def children(self, reads: Reads, parent: RecordDict, field: str, size: int, offset: str | None) -> PageOfRecords:
        """Newest first; the token is the position of the page in that list."""
        start = _position(offset)
        data, more = reads.newest_first(self.entity, where=reference(field, parent), size=size, start=start)
        return self.shown(reads, data), str(start + size) if more else None

    def child(self, reads: Reads, parent: RecordDict, field: str, key: str) -> RecordDict | None:
        return super().child(reads, parent, field, key if is_uuid(key) else self.schema.canonical_value("target", key))

    def upsert_child(self, unit: UnitOfWork, parent: RecordDict, field: str, key: str, values: Values) -> RecordDict:
        existing = required(self.child(unit, parent, field, key))
        return self.update(unit, existing["id"], {**values, **reference(field, parent)})

    def stored_page(self, reads: Reads, parent: RecordDict, field: str, size: int, offset: str | None) -> PageOfRecords:
        """A page in the order of the store."""
        return super().children(reads, parent, field, size, offset)

    def every(self, reads: Reads, parent: RecordDict, field: str) -> list[RecordDict]:
        """All of them, in the order of the store."""
        found: list[RecordDict] = []
        offset: str | None = None
        while True:
            data, offset = self.stored_page(reads, parent, field, MAX_SIZE, offset)
            found.extend(data)
            if offset is None:
                return found


def _position(offset: str | None) -> int:
    if offset is None:
        return 0
    if not (offset.isascii() and offset.isdigit() and len(offset) <= 9):
        raise EntityError.invalid_offset(offset, "invalid offset")
    return int(offset)
