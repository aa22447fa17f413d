"""Groups of a consumer: below it, one is addressed by its id or by the name of the group (admin-api.md 1.10)."""

from __future__ import annotations

from gwctl.admin.ports import Reads, UnitOfWork
from gwctl.admin.records import Records, Values, reference
from gwctl.kit.ids import is_uuid, new_uuid
from gwctl.schema import RecordDict

_GROUP = "group"


class AclRecords(Records):
    """PUT by the name of a group makes the consumer a member of it."""

    def child(self, reads: Reads, parent: RecordDict, field: str, key: str) -> RecordDict | None:
        if is_uuid(key):
            return super().child(reads, parent, field, key)
        found = reads.page(self.entity, size=1, where={**reference(field, parent), _GROUP: key}).data
        return self.shown(reads, found)[0] if found else None

    def upsert_child(self, unit: UnitOfWork, parent: RecordDict, field: str, key: str, values: Values) -> RecordDict:
        if is_uuid(key):
            return super().upsert_child(unit, parent, field, key, values)
        existing = self.child(unit, parent, field, key)
        group = values.get(_GROUP) or key
        chosen = new_uuid() if existing is None else existing["id"]
        return super().upsert_child(unit, parent, field, chosen, {**values, _GROUP: group})
