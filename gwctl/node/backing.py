"""What stands behind the Admin API of a node: a database, or the cache that documents are loaded into."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from gwctl.admin.ports import ConfigLoading
from gwctl.admin.ports import Store as AdminStore
from gwctl.admin.read_only import CachedStore
from gwctl.cache import CacheReader
from gwctl.changes.process import ChangeProcesses
from gwctl.entities.catalog import Catalog
from gwctl.kit.clock import Clock
from gwctl.kit.errors import GwctlError
from gwctl.kit.tasks import Tasks
from gwctl.node.api_loading import ApiLoading
from gwctl.node.bus import Link
from gwctl.node.cache_files import cache_place
from gwctl.node.control import NodeControl
from gwctl.node.database import require_database
from gwctl.node.health_notices import HealthNotices
from gwctl.node.level_notices import LevelNotices
from gwctl.node.messages import Available, Loaded, Message
from gwctl.node.plan import Assignment, is_declarative
from gwctl.store import DatabaseConfig, Store

HOUSEKEEPING_SECONDS = 3600.0
ENDING_SECONDS = 5.0
DATABASE_SECONDS = 1.0
CACHE_THREADS = 8

_log = logging.getLogger("gwctl.node")


class Backing(Protocol):
    """``open`` comes first; ``begin`` once the Admin API serves, ``exit`` when it is about to stop."""

    reachable: bool
    executor: ThreadPoolExecutor

    @property
    def store(self) -> AdminStore: ...

    @property
    def loading(self) -> ConfigLoading | None: ...

    @property
    def changes(self) -> ChangeProcesses | None: ...

    async def open(self, catalog: Catalog) -> None: ...

    def begin(self, tasks: Tasks) -> None: ...

    def heard(self, message: Message) -> None: ...

    def exit(self) -> None: ...

    def close(self) -> None: ...


def backing_of(assignment: Assignment, bus: Link, clock: Clock, control: NodeControl) -> Backing:
    if is_declarative(assignment.settings):
        return CacheBacking(assignment, bus, clock)
    return DatabaseBacking(assignment, clock, control)


class DatabaseBacking:
    """A database. It is looked at for whether it answers, for what other nodes say, and for what is too old."""

    loading: ConfigLoading | None = None

    def __init__(self, assignment: Assignment, clock: Clock, control: NodeControl) -> None:
        self._assignment = assignment
        self._clock = clock
        self._control = control
        self._config = DatabaseConfig.from_settings(assignment.settings)
        self._store: Store | None = None
        self.executor = ThreadPoolExecutor(self._config.pool_size, thread_name_prefix="store")
        self.changes: ChangeProcesses | None = ChangeProcesses("gwctl.node.changer", assignment.settings)
        self.reachable = True

    @property
    def store(self) -> Store:
        if self._store is None:
            raise GwctlError("the database is not open")
        return self._store

    async def open(self, catalog: Catalog) -> None:
        """Raises what makes the database unusable."""
        await require_database(self._config, self.executor, first=self._assignment.first)
        self._store = Store.open(self._config, catalog, self._clock)

    def begin(self, tasks: Tasks) -> None:
        tasks.spawn("database", self._watch())
        tasks.spawn("housekeeping", self._keep_house())
        tasks.spawn("ending", self._end_records())

    async def _watch(self) -> None:
        """See whether the database answers, and what other nodes on it say."""
        loop = asyncio.get_running_loop()
        levels = LevelNotices(self.store, self._control)
        marks = HealthNotices(self.store, self._control, self._assignment.node_id)
        balances = self._assignment.workers > 0
        while True:
            self.reachable = await loop.run_in_executor(self.executor, self.store.reachable)
            if self.reachable:
                await levels.follow(loop, self.executor)
                if balances:
                    await marks.follow(loop, self.executor)
            await asyncio.sleep(DATABASE_SECONDS)

    async def _end_records(self) -> None:
        """Delete records whose time is over, so that data planes drop them too; none is served any more by then."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(ENDING_SECONDS)
            try:
                while await loop.run_in_executor(self.executor, self.store.purge_ended):
                    pass
            except GwctlError as error:
                _log.warning("cannot delete records that have ended: %s", error)

    async def _keep_house(self) -> None:
        """Forget old versions of the change log and data planes that have not reported for long."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(HOUSEKEEPING_SECONDS)
            try:
                await loop.run_in_executor(self.executor, self.store.prune)
                await loop.run_in_executor(self.executor, self.store.purge_data_planes)
            except GwctlError as error:
                _log.warning("cannot tidy the database: %s", error)

    def heard(self, message: Message) -> None: ...

    def exit(self) -> None: ...

    def close(self) -> None:
        if self._store is not None:
            self._store.close()


class CacheBacking:
    """The cache of a node without a database, opened once its writer says that it is sound."""

    changes: ChangeProcesses | None = None

    def __init__(self, assignment: Assignment, bus: Link, clock: Clock) -> None:
        settings = assignment.settings
        self._assignment = assignment
        self._place = cache_place(settings)
        self._clock = clock
        self._store: CachedStore | None = None
        self._announced = asyncio.Event()
        self._loading = ApiLoading(settings.prefix, bus, clock, lambda: self.store.configuration_hash())
        self.executor = ThreadPoolExecutor(CACHE_THREADS, thread_name_prefix="cache")
        self.reachable = True

    @property
    def store(self) -> CachedStore:
        if self._store is None:
            raise GwctlError("the cache is not open")
        return self._store

    @property
    def loading(self) -> ConfigLoading | None:
        return self._loading

    async def open(self, catalog: Catalog) -> None:
        if not self._assignment.cache_is_open or not CacheReader.exists(self._place):
            await self._announced.wait()
        self._store = CachedStore(CacheReader.open(self._place), catalog, self._clock)

    def begin(self, tasks: Tasks) -> None: ...

    def heard(self, message: Message) -> None:
        match message:
            case Available():
                self._announced.set()
            case Loaded():
                self._loading.heard(message)
            case _:
                pass

    def exit(self) -> None:
        self._loading.exit()

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
