"""A change log in RAM: what a control plane's copy follows, without a database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from gwctl.entities import Catalog, core_catalog
from gwctl.kit.changes import Change
from gwctl.kit.errors import GwctlError
from gwctl.kit.ids import new_uuid
from gwctl.kit.version import Version

RecordDict = dict[str, Any]


@dataclass
class MemoryBatch:
    lineage: str
    to: int
    changes: list[Change]


@dataclass
class MemorySnapshot:
    version: Version
    _records: list[tuple[str, RecordDict]]

    def records(self) -> Iterator[tuple[str, RecordDict]]:
        return iter(self._records)


@dataclass
class MemoryFeed:
    """``write`` commits changes as one version; ``prune`` forgets the log; ``down`` makes every read fail."""

    catalog: Catalog = field(default_factory=core_catalog)
    lineage: str = field(default_factory=new_uuid)
    number: int = 0
    down: bool = False
    records: dict[tuple[str, str], RecordDict] = field(default_factory=dict)
    log: list[tuple[int, Change]] = field(default_factory=list)
    oldest: int = 0
    snapshots: int = 0

    def write(self, *changes: Change) -> int:
        self.number += 1
        for change in changes:
            self.log.append((self.number, change))
            if change.record is None:
                self.records.pop((change.entity, change.key), None)
            else:
                self.records[change.entity, change.key] = change.record
        return self.number

    def put(self, entity: str, **values: Any) -> RecordDict:
        """Insert or replace one record as a version of its own."""
        record = make_record(self.catalog, entity, **values)
        self.write(Change(entity, record["id"], record))
        return record

    def drop(self, entity: str, key: str) -> None:
        self.write(Change(entity, key, None))

    def prune(self) -> None:
        self.oldest, self.log = self.number, []

    def restart_lineage(self) -> None:
        self.lineage, self.number, self.log, self.oldest = new_uuid(), 0, [], 0

    def version(self) -> Version:
        self._ensure_up()
        return Version(self.lineage, self.number)

    def changes_after(self, number: int, limit: int = 1000) -> MemoryBatch | None:
        self._ensure_up()
        if not self.oldest <= number <= self.number:
            return None
        later = [entry for entry in self.log if entry[0] > number]
        to = later[min(limit, len(later)) - 1][0] if later else self.number
        return MemoryBatch(self.lineage, to, [change for at, change in later if at <= to])

    @contextmanager
    def snapshot(self) -> Iterator[MemorySnapshot]:
        self._ensure_up()
        self.snapshots += 1
        order = {schema.name: place for place, schema in enumerate(self.catalog.exported)}
        pairs = [(entity, record) for (entity, _), record in self.records.items()]
        yield MemorySnapshot(Version(self.lineage, self.number), sorted(pairs, key=lambda pair: order[pair[0]]))

    def _ensure_up(self) -> None:
        if self.down:
            raise GwctlError("the database cannot be reached")


def make_record(catalog: Catalog, entity: str, **values: Any) -> RecordDict:
    """A complete valid record in stored form."""
    schema = catalog[entity]
    return schema.check(schema.prepare_insert(_EXAMPLES.get(entity, {}) | values, now=1_700_000_000.0))


_EXAMPLES: dict[str, dict[str, Any]] = {
    "services": {"host": "upstream.example", "protocol": "http", "port": 80},
    "routes": {"paths": ["/"]},
}
