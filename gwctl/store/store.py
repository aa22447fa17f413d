"""Store: the one door to the database of a control plane or traditional node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, text

from gwctl.entities.catalog import Catalog
from gwctl.kit.clock import Clock
from gwctl.kit.version import Version
from gwctl.schema import RecordDict
from gwctl.store import change_log, notices
from gwctl.store.change_log import ChangeBatch
from gwctl.store.config import DatabaseConfig
from gwctl.store.data_planes import DataPlaneRegistry
from gwctl.store.engine import WRITE, open_engine
from gwctl.store.errors import DatabaseBusy, StoreError
from gwctl.store.faults import translated
from gwctl.store.notices import Notice
from gwctl.store.paging import DEFAULT_SIZE, Page
from gwctl.store.queue import WriterQueue
from gwctl.store.reads import Reads
from gwctl.store.snapshot import StoreSnapshot
from gwctl.store.tables import Tables, build_tables
from gwctl.store.unit_of_work import UnitOfWork

DATA_PLANES = "clustering_data_planes"

_QUEUE_SECONDS = 30.0
_SNAPSHOT_IDLE = "10min"


class Store:
    """Records, change log and data planes of one database. Safe to share between threads; every call blocks its thread.

    A block of ``read``, ``write`` or ``snapshot`` holds one connection and belongs to one thread. Errors are StoreError
    (DatabaseUnavailable when trying again later may help) and, for what a request got wrong, EntityError.
    """

    def __init__(self, config: DatabaseConfig, engine: Engine, catalog: Catalog, tables: Tables, clock: Clock) -> None:
        self._config = config
        self._engine = engine
        self._catalog = catalog
        self._tables = tables
        self._clock = clock
        self._queue = WriterQueue()

    @classmethod
    def open(cls, config: DatabaseConfig, catalog: Catalog, clock: Clock, *, pool_size: int | None = None) -> Store:
        """Connects when first used, so it succeeds with the database down. Raises NeedsBootstrap without a file."""
        sized = config if pool_size is None else replace(config, pool_size=pool_size)
        return cls(sized, open_engine(sized), catalog, build_tables(catalog), clock)

    @property
    def catalog(self) -> Catalog:
        """The entities whose records it keeps."""
        return self._catalog

    def close(self) -> None:
        """Close all pooled connections."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Reads]:
        """A read transaction: everything in the block sees one version."""
        with self._reading() as connection:
            yield Reads(connection, self._tables, self._clock.now())

    @contextmanager
    def write(self, actor: str = "") -> Iterator[UnitOfWork]:
        """A unit of work: committed as one version at the end of the block, undone when the block raises.

        ``actor`` is kept with the version. Keep the block short: nothing slower than the database belongs in it.
        """
        with self._writing() as connection:
            unit = UnitOfWork(connection, self._tables, self._catalog, actor=actor, now=self._clock.now())
            yield unit
            unit.close()

    @contextmanager
    def snapshot(self) -> Iterator[StoreSnapshot]:
        """The exported configuration at one version, for streaming."""
        with self._reading() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{_SNAPSHOT_IDLE}'"))
            version = change_log.current_version(connection, self._tables.system)
            yield StoreSnapshot(connection, self._tables, self._catalog, version)

    def version(self) -> Version:
        """The newest version."""
        with self._reading() as connection:
            return change_log.current_version(connection, self._tables.system)

    def changes_after(self, number: int, limit: int = 1000) -> ChangeBatch | None:
        """See `gwctl.store.change_log.changes_after`; None means: take a snapshot."""
        with self._reading() as connection:
            return change_log.changes_after(connection, self._tables.system, number, limit)

    def prune(self, keep: int = change_log.KEEP) -> int:
        """Forget all but the newest ``keep`` versions of the change log; returns how many went."""
        with self._writing() as connection:
            return change_log.prune(connection, self._tables.system, keep)

    def record_data_plane(self, row: RecordDict) -> None:
        """Write what is known of a data plane (hybrid.md 8); ``row["ttl"]`` is the purge delay in seconds."""
        with self._writing() as connection:
            self._registry(connection).record(row)

    def data_planes(self, size: int = DEFAULT_SIZE, offset: str | None = None) -> Page:
        """Data planes that reported within their purge delay; ``ttl`` is the seconds left."""
        with self._reading() as connection:
            return self._registry(connection).page(size, offset)

    def purge_data_planes(self) -> int:
        """Delete expired data planes; returns how many."""
        with self._writing() as connection:
            return self._registry(connection).purge()

    def post_notice(self, about: str, body: Mapping[str, Any]) -> int:
        """Tell every node on this database; returns the number of the notice."""
        with self._writing() as connection:
            return notices.post(connection, self._tables.system, about, body)

    def notice(self, about: str) -> Notice:
        """The newest notice about a subject."""
        with self._reading() as connection:
            return notices.newest(connection, self._tables.system, about)

    def notices(self, prefix: str) -> dict[str, Notice]:
        """The newest notice about each subject that begins with ``prefix``."""
        with self._reading() as connection:
            return notices.newest_of(connection, self._tables.system, prefix)

    def purge_ended(self) -> int:
        """Delete records whose time is over, a few hundred in one version; returns how many."""
        with self.read() as reads:
            if not reads.any_ended():
                return 0
        with self.write("expiry") as unit:
            return unit.purge_ended()

    def reachable(self) -> bool:
        """True when the database answers."""
        try:
            with translated(self._config), self._engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except StoreError:
            return False
        return True

    def _registry(self, connection: Connection) -> DataPlaneRegistry:
        return DataPlaneRegistry(connection, self._tables[DATA_PLANES], self._clock.now())

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        options: dict[str, Any] = {}
        if self._config.kind == "postgres":
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with translated(self._config), self._engine.connect() as connection:
            yield connection.execution_options(**options)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A connection in a write transaction, committed at the end of the block."""
        with self._turn(), translated(self._config), self._engine.connect() as connection:
            connection = connection.execution_options(**{WRITE: True})
            with connection.begin():
                yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """SQLite's one writer: the threads of this process take turns in the order they came."""
        if self._config.kind != "sqlite":
            yield
            return
        if not self._queue.acquire(_QUEUE_SECONDS):
            raise DatabaseBusy(
                f"waited {_QUEUE_SECONDS:.0f} s for other writers of {self._config.path}",
                hint="try again, or use PostgreSQL for many writers",
            )
        try:
            yield
        finally:
            self._queue.release()
