"""MigrationRunner: bootstrap, up, finish, reset, list and status (hybrid.md 3.6)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import orjson
from sqlalchemy import Connection, Engine, insert, inspect, text
from sqlalchemy.schema import CreateSchema

from gwctl.entities.catalog import Catalog, core_catalog
from gwctl.kit.clock import Clock, SystemClock
from gwctl.kit.ids import new_uuid
from gwctl.store.config import DatabaseConfig
from gwctl.store.engine import WRITE, open_engine
from gwctl.store.errors import StoreError
from gwctl.store.faults import connecting, translated
from gwctl.store.migrations import progress
from gwctl.store.migrations.lock import MigrationLock
from gwctl.store.migrations.progress import MigrationError, Progress
from gwctl.store.migrations.scripts import Migration, MigrationScripts
from gwctl.store.migrations.state import SUBSYSTEM, VERSION_TABLE, MigrationState, open_state, read_state
from gwctl.store.tables import build_tables
from gwctl.store.unit_of_work import UnitOfWork

_log = logging.getLogger("gwctl.store")


class MigrationRunner:
    """Brings one database to the state of this program.

    Each command is an iterator: it works while it is iterated and gives a line of output at a time, the exit code with
    the last one. A run is one transaction, so a process killed in the middle leaves the database as it was. Raises
    MigrationError and other StoreErrors.
    """

    def __init__(
        self,
        config: DatabaseConfig,
        *,
        catalog: Catalog | None = None,
        clock: Clock | None = None,
        ini: Path | None = None,
    ) -> None:
        self._config = config
        self._clock = clock or SystemClock()
        self._catalog = catalog or core_catalog()
        self._tables = build_tables(self._catalog)
        self._scripts = MigrationScripts(ini)

    def state(self) -> MigrationState:
        """How far the database is; nothing is created."""
        if self._config.kind == "off":
            return MigrationState()
        return open_state(self._config, self._scripts)

    def bootstrap(self, *, force: bool = False) -> Iterator[Progress]:
        """Both phases of every migration on an empty database; ``force`` empties it first."""
        if self._config.kind == "off":
            yield Progress(progress.ALREADY_BOOTSTRAPPED)
            return
        if force and not self.state().needs_bootstrap:
            yield from self.reset()
        if not self.state().needs_bootstrap:
            yield Progress(progress.ALREADY_BOOTSTRAPPED)
            return
        yield Progress("Bootstrapping database...")
        with self._opened(create=True) as engine, self._lock(engine).attempt() as held:
            if not held:
                yield Progress(progress.NOT_LEADER)
                return
            if not self.state().needs_bootstrap:
                yield Progress(progress.ALREADY_BOOTSTRAPPED)
                return
            with self._transaction(engine) as connection:
                self._require_empty(connection)
                yield from self._run(connection, self._scripts.migrations, finish=True)
                self._begin_lineage(connection)
            yield Progress("Database is up-to-date")

    def up(self, *, force: bool = False, lock_timeout: float = 60.0) -> Iterator[Progress]:
        """The first phase of every new migration. ``force`` runs the executed ones again.

        While another node migrates this one waits, at most ``lock_timeout`` seconds, and then has nothing to do.
        """
        if self._config.kind == "off":
            yield Progress(progress.ALREADY_CURRENT)
            return
        self._require_bootstrapped()
        with self._opened() as engine:
            lock = self._lock(engine)
            with lock.attempt() as held:
                if held:
                    yield from self._up(engine, force)
                    return
            self._wait(lock, lock_timeout)
            yield Progress(progress.NOT_LEADER)

    def finish(self, *, force: bool = False) -> Iterator[Progress]:
        """The second phase of every pending migration. ``force`` runs the executed ones again before."""
        if self._config.kind == "off":
            yield Progress(progress.NOTHING_PENDING)
            return
        self._require_bootstrapped()
        with self._opened() as engine, self._lock(engine).attempt() as held:
            if not held:
                yield Progress(progress.NOT_LEADER)
                return
            yield from self._finish(engine, force)

    def reset(self) -> Iterator[Progress]:
        """Drop every table of gwctl. The next bootstrap begins a new lineage."""
        if self.state().needs_bootstrap or self._config.kind == "off":
            yield Progress(progress.NOTHING_TO_RESET, exit_code=1)
            return
        with self._opened() as engine, self._reset_lock(engine) as held:
            if not held:
                yield Progress(progress.NOT_LEADER, exit_code=1)
                return
            yield Progress("Resetting database...")
            with self._transaction(engine) as connection:
                self._drop(connection)
            yield Progress("Database successfully reset")

    def list(self) -> Iterator[Progress]:
        """Exit code 3: needs bootstrap, 4: pending migrations, 5: only new ones, else 0."""
        state = self.state()
        if state.needs_bootstrap:
            yield Progress(progress.NEEDS_BOOTSTRAP, exit_code=3)
            yield Progress("Run 'gwctl migrations bootstrap' to start a new installation", exit_code=3)
            return
        code = 4 if state.pending else 5 if state.new else 0
        for title, names, hint in (
            ("Executed migrations:", state.executed, None),
            ("Pending migrations:", state.pending, "Run 'gwctl migrations finish' when ready"),
            ("New migrations available:", state.new, "Run 'gwctl migrations up' to proceed"),
        ):
            if names:
                yield Progress(title, exit_code=code)
                yield Progress(f"{SUBSYSTEM}: {', '.join(names)}", exit_code=code)
                if hint is not None:
                    yield Progress(hint, exit_code=code)

    def status(self) -> Iterator[Progress]:
        """One line of JSON."""
        yield Progress(orjson.dumps(self.state().status()).decode())

    def _up(self, engine: Engine, force: bool) -> Iterator[Progress]:
        with self._transaction(engine) as connection:
            state = read_state(connection, self._scripts)
            if state.pending and not force:
                raise MigrationError("Database has pending migrations; run 'gwctl migrations finish'")
            if force:
                yield from self._again(connection, state)
            if state.new:
                yield from self._run(connection, self._named(state.new), finish=False)
            elif not force:
                yield Progress(progress.ALREADY_CURRENT)
            state = read_state(connection, self._scripts)
        if state.pending:
            yield Progress(progress.FINISH_WHEN_READY)

    def _finish(self, engine: Engine, force: bool) -> Iterator[Progress]:
        with self._transaction(engine) as connection:
            state = read_state(connection, self._scripts)
            if force:
                yield from self._again(connection, state)
            if state.pending:
                yield from self._run(connection, self._named(state.pending), finish=True)
            elif not state.new and not force:
                yield Progress(progress.NOTHING_PENDING)
        if state.new:
            yield Progress(progress.UP_TO_PROCEED)

    def _run(self, connection: Connection, migrations: Sequence[Migration], *, finish: bool) -> Iterator[Progress]:
        """The phases these migrations still lack, one line each, and the counts."""
        self._scripts.config.attributes.update(connection=connection, version_table=VERSION_TABLE)
        total = len(migrations)
        yield Progress(f"migrating {SUBSYSTEM} on database '{self._config.label}'...", total=total)
        pending = 0
        for done, migration in enumerate(migrations, 1):
            self._scripts.run(migration.name)
            if migration.contract is not None and finish:
                self._scripts.run(migration.contract)
            waits = migration.contract is not None and not finish
            pending += waits
            word = "pending" if waits else "executed"
            yield Progress(f"{SUBSYSTEM} migrated up to: {migration.name} ({word})", done=done, total=total)
        yield from progress.summary(total - pending, pending)

    def _again(self, connection: Connection, state: MigrationState) -> Iterator[Progress]:
        """Everything executed runs once more (migrations are written for that); what was pending stays so."""
        connection.execute(text(f"DELETE FROM {VERSION_TABLE}"))  # noqa: S608
        executed = self._named(state.executed)
        if executed:
            yield from self._run(connection, executed, finish=True)
        for migration in self._named(state.pending):
            self._scripts.run(migration.name)

    def _named(self, names: Sequence[str]) -> Sequence[Migration]:
        return [migration for migration in self._scripts.migrations if migration.name in names]

    def _begin_lineage(self, connection: Connection) -> None:
        """Version 1 of a new change log: the parameter that names the cluster."""
        now = self._clock.now()
        connection.execute(insert(self._tables.system.lineage).values(singleton=1, id=new_uuid(), created_at=now))
        unit = UnitOfWork(connection, self._tables, self._catalog, actor="migrations bootstrap", now=now)
        unit.insert("parameters", {"key": "cluster_id", "value": new_uuid()})
        unit.close()

    def _drop(self, connection: Connection) -> None:
        """Drop our tables only: on PostgreSQL others may live in the same schema."""
        present = set(inspect(connection).get_table_names())
        ours = [table for table in reversed(self._tables.metadata.sorted_tables) if table.name in present]
        self._tables.metadata.drop_all(connection, tables=ours, checkfirst=False)
        if VERSION_TABLE in present:
            connection.execute(text(f"DROP TABLE {VERSION_TABLE}"))

    def _require_empty(self, connection: Connection) -> None:
        """Tables of these names without our bookkeeping belong to somebody else."""
        lock = self._tables.system.locks.name
        taken = sorted(set(inspect(connection).get_table_names()) & set(self._tables.metadata.tables) - {lock})
        if taken:
            raise MigrationError(
                f"database '{self._config.label}' has tables of another program: {', '.join(taken)}",
                hint="use an empty database, or a schema of its own (pg_schema)",
            )

    def _require_bootstrapped(self) -> None:
        if self.state().needs_bootstrap:
            raise MigrationError(
                f"Cannot run migrations: {progress.NEEDS_BOOTSTRAP}", hint="run 'gwctl migrations bootstrap'"
            )

    def _lock(self, engine: Engine) -> MigrationLock:
        return MigrationLock(self._config, engine, self._tables.system, self._clock)

    @contextmanager
    def _reset_lock(self, engine: Engine) -> Iterator[bool]:
        """The lock, or none at all when its table is broken: a reset must help then, too."""
        lock = self._lock(engine)
        try:
            attempt = lock.attempt()
            with translated(self._config):
                held = attempt.__enter__()
        except StoreError as error:
            _log.error("%s - retrying without cluster lock", error)
            yield True
            return
        try:
            yield held
        finally:
            attempt.__exit__(None, None, None)

    def _wait(self, lock: MigrationLock, timeout: float) -> None:
        deadline = self._clock.monotonic() + timeout
        pause = 0.1
        while not lock.free():
            if self._clock.monotonic() + pause > deadline:
                raise MigrationError("timeout", hint="another node holds the migration lock; raise --lock-timeout")
            sleep(pause)
            pause = min(pause * 3, 2.0)

    @contextmanager
    def _opened(self, *, create: bool = False) -> Iterator[Engine]:
        engine = open_engine(self._config, pooled=False, create=create)
        with connecting(self._config):
            engine.connect().close()
        with translated(self._config):
            if create and self._config.kind == "postgres" and self._config.schema:
                with engine.begin() as connection:
                    if self._config.schema not in inspect(connection).get_schema_names():
                        connection.execute(CreateSchema(self._config.schema, if_not_exists=True))
            yield engine

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        """One transaction for a whole run; its statements may take their time, but not wait for locks forever."""
        with engine.connect() as connection:
            connection = connection.execution_options(**{WRITE: True})
            with connection.begin():
                if self._config.kind == "postgres":
                    connection.execute(text("SET LOCAL statement_timeout = 0"))
                yield connection
