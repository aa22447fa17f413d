"""What the generated endpoints do with records: one function per operation, on one transaction (admin-api.md 2.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from gwctl.admin.ports import Reads, UnitOfWork
from gwctl.kit.ids import new_uuid
from gwctl.schema import RecordDict, Schema

Values = Mapping[str, Any]
PageOfRecords = tuple[list[RecordDict], str | None]
"""Records and the token of the next page."""


class Records:
    """The records of one entity as the Admin API shows them; lookups return None when there is nothing.

    A key is a UUID or the value of the endpoint key; EntityError refuses any other.
    """

    clamps_size: ClassVar[bool] = False
    """Whether a list below a parent takes too large a page size as the largest."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.entity = schema.name

    def page(self, reads: Reads, size: int, offset: str | None, tags: str | None) -> PageOfRecords:
        page = reads.page(self.entity, size=size, offset=offset, tags=tags)
        return self.shown(reads, page.data), page.offset

    def children(self, reads: Reads, parent: RecordDict, field: str, size: int, offset: str | None) -> PageOfRecords:
        """A page of the records whose ``field`` refers to ``parent``."""
        page = reads.page(self.entity, size=size, offset=offset, where=reference(field, parent))
        return self.shown(reads, page.data), page.offset

    def get(self, reads: Reads, key: str) -> RecordDict | None:
        return self._shown_one(reads, reads.get(self.entity, key))

    def child(self, reads: Reads, parent: RecordDict, field: str, key: str) -> RecordDict | None:
        """The record when its ``field`` refers to ``parent``."""
        return self._shown_one(reads, reads.get(self.entity, key, where=reference(field, parent)))

    def insert(self, unit: UnitOfWork, values: Values) -> RecordDict:
        return self.schema.shown(unit.insert(self.entity, values))

    def upsert(self, unit: UnitOfWork, key: str, values: Values) -> RecordDict:
        return self.schema.shown(unit.upsert(self.entity, key, values))

    def upsert_child(self, unit: UnitOfWork, parent: RecordDict, field: str, key: str, values: Values) -> RecordDict:
        """PUT below a parent: the record belongs to that parent afterwards."""
        return self.upsert(unit, key, {**values, **reference(field, parent)})

    def update(self, unit: UnitOfWork, key: str, values: Values) -> RecordDict:
        return self.schema.shown(unit.update(self.entity, key, values))

    def delete(self, unit: UnitOfWork, key: str) -> None:
        """Also fine when there is nothing to delete."""
        unit.delete(self.entity, key)

    def shown(self, reads: Reads, records: Sequence[RecordDict]) -> list[RecordDict]:
        """The records with what the Admin API adds to them."""
        return [self.schema.shown(record) for record in records]

    def _shown_one(self, reads: Reads, record: RecordDict | None) -> RecordDict | None:
        return None if record is None else self.shown(reads, [record])[0]


def reference(field: str, record: RecordDict) -> dict[str, Any]:
    """``field`` pointing to ``record``."""
    return {field: {"id": record["id"]}}


def replace_parent(
    unit: UnitOfWork, child: RecordDict, records: Records, parents: Records, field: str, values: Values
) -> RecordDict:
    """PUT on the parent of a record: replaces it, or creates one and attaches it when there is none."""
    attached = child[field]
    if attached is not None:
        return parents.upsert(unit, attached["id"], values)
    parent = parents.upsert(unit, new_uuid(), values)
    records.update(unit, child["id"], reference(field, parent))
    return parent
