"""A database in memory for plans, and documents without a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gwctl.changes import Plan, PlanOptions, plan
from gwctl.entities.catalog import Catalog
from gwctl.schema import RecordDict
from gwctl.store.codec import Image, RowCodec
from gwctl.store.stored_form import stored_form

THEN, NOW = 1_700_000_000.0, 1_800_000_000.0
Records = dict[str, dict[str, RecordDict]]


class Rows:
    """CurrentRows of records in stored form."""

    def __init__(self, catalog: Catalog, records: Records) -> None:
        self._catalog = catalog
        self._records = records

    def codec(self, entity: str) -> RowCodec:
        return RowCodec(self._catalog[entity])

    def keys(self, entity: str) -> set[str]:
        return set(self._records.get(entity, {}))

    def images(self, entity: str) -> Iterator[Image]:
        codec = self.codec(entity)
        for key in sorted(self._records.get(entity, {})):
            yield codec.encode(self._records[entity][key])


def uid(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


class Making:
    """Records by (entity, number, values); ``service`` and the like may be numbers."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def records(self, *wanted: tuple[str, int, dict[str, Any]], now: float = THEN) -> Records:
        found: Records = {}
        for entity, number, values in wanted:
            schema = self.catalog[entity]
            given = {
                name: {"id": uid(value)} if name in schema.foreign and isinstance(value, int) else value
                for name, value in values.items()
            }
            record = schema.check(schema.prepare_insert({**given, "id": uid(number)}, now=now))
            if "updated_at" in given:
                record["updated_at"] = given["updated_at"]
            found.setdefault(entity, {})[uid(number)] = stored_form(schema, record)
        return found

    def plan(self, current: Records, wanted: Records, **options: Any) -> Plan:
        made = PlanOptions(now=NOW, **options)
        return plan(Rows(self.catalog, current), wanted, catalog=self.catalog, options=made)


def steps(made: Plan) -> list[tuple[str, str, str]]:
    """(op, entity, key) of each change."""
    return [(change.op, change.entity, change.key) for change in made.changes]
