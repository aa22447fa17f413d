"""StoreSnapshot: the whole exported configuration at one version, streamed."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from gwctl.entities.catalog import Catalog
from gwctl.kit.version import Version
from gwctl.schema import RecordDict
from gwctl.store.tables import Tables

_ROWS_AT_ONCE = 500


class StoreSnapshot:
    """What data planes receive, as it was in ``version``; made by ``Store.snapshot``, good until its block ends."""

    def __init__(self, connection: Connection, tables: Tables, catalog: Catalog, version: Version) -> None:
        self._connection = connection
        self._tables = tables
        self._catalog = catalog
        self.version = version

    def records(self) -> Iterator[tuple[str, RecordDict]]:
        """(entity, record) of every exported record, parents before children; memory holds a few hundred at a time."""
        for schema in self._catalog.exported:
            table = self._tables[schema.name]
            rows = self._connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(*table.columns))
            for row in rows:
                yield schema.name, table.record(row)
