"""Migrations: lines, exit codes, phases, lock, interruptions; on every database (hybrid.md 3.6)."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from gwctl.entities.catalog import Catalog, node_catalog
from gwctl.kit.clock import SystemClock
from gwctl.kit.ids import new_uuid
from gwctl.store import (
    DatabaseConfig,
    MigrationError,
    MigrationRunner,
    MigrationState,
    NeedsBootstrap,
    NewerDatabase,
    NewMigrations,
    Progress,
    Store,
    require_current,
)
from gwctl.store.engine import open_engine
from gwctl.store.migrations.lock import MigrationLock
from gwctl.store.migrations.scripts import MigrationScripts, locate
from gwctl.store.tables import build_tables

OURS = tuple(migration.name for migration in MigrationScripts().migrations)
BOOTSTRAPPED = [
    *(f"core migrated up to: {name} (executed)" for name in OURS),
    f"{len(OURS)} migrations processed",
    f"{len(OURS)} executed",
    "Database is up-to-date",
]
ABORTED = "aborted: another node is performing database changes"


def lines(steps: Iterable[Progress]) -> list[str]:
    return [step.text for step in steps]


def code(steps: Iterable[Progress]) -> int:
    return [step.exit_code for step in steps][-1]


def query(config: DatabaseConfig, statement: str, **values: Any) -> list[Any]:
    with open_engine(config, pooled=False).begin() as connection:
        result = connection.execute(text(statement), values)
        return [tuple(row) for row in result] if result.returns_rows else []


def version_of(config: DatabaseConfig, catalog: Catalog) -> tuple[str, int]:
    store = Store.open(config, catalog, SystemClock())
    try:
        return store.version()
    finally:
        store.close()


@pytest.fixture
def next_ini(tmp_path: Path) -> Path:
    """The migrations of a next version: two more, one of them with a second phase, made as `make revision` does."""
    place = tmp_path / "next"
    place.mkdir()
    source = locate()
    shutil.copy(source, place / "alembic.ini")
    shutil.copytree(source.parent / "migrations", place / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    config = Config(place / "alembic.ini")
    versions = place / "migrations" / "versions"
    for name in ("901_more", "902_most"):
        command.revision(
            config, "More", rev_id=name, head="expand@head", version_path=str(versions / "expand"), sql=False
        )
    command.revision(
        config,
        "More",
        rev_id="901_more_finish",
        head="base",
        branch_label="contract",
        depends_on="901_more",
        version_path=str(versions / "contract"),
    )
    _body(versions / "expand" / "901_more.py", "CREATE TABLE IF NOT EXISTS more (id INTEGER)")
    _body(versions / "expand" / "902_most.py", "CREATE TABLE IF NOT EXISTS most (id INTEGER)")
    _body(versions / "contract" / "901_more_finish.py", "DROP TABLE IF EXISTS more")
    return place / "alembic.ini"


def _body(script: Path, statement: str) -> None:
    script.write_text(script.read_text().replace("    pass", f'    op.execute("{statement}")'))


def test_bootstrap_tells_what_it_does(database_config: DatabaseConfig) -> None:
    steps = list(MigrationRunner(database_config).bootstrap())
    assert lines(steps) == [
        "Bootstrapping database...",
        f"migrating core on database '{database_config.label}'...",
        *BOOTSTRAPPED,
    ]
    assert [(step.done, step.total) for step in steps if step.total] == [
        (done, len(OURS)) for done in range(len(OURS) + 1)
    ]
    assert code(steps) == 0
    assert lines(MigrationRunner(database_config).bootstrap()) == ["Database already bootstrapped"]


def test_bootstrap_by_force_begins_a_new_lineage(bootstrapped: DatabaseConfig, catalog: Catalog) -> None:
    old = version_of(bootstrapped, catalog)
    told = lines(MigrationRunner(bootstrapped).bootstrap(force=True))
    assert told[:3] == ["Resetting database...", "Database successfully reset", "Bootstrapping database..."]
    assert told[-1] == "Database is up-to-date"
    new = version_of(bootstrapped, catalog)
    assert old[1] == new[1] == 1
    assert old[0] != new[0]


def test_an_empty_database_needs_bootstrapping(database_config: DatabaseConfig) -> None:
    runner = MigrationRunner(database_config)
    assert runner.state() == MigrationState(needs_bootstrap=True, new=OURS)
    listed = list(runner.list())
    assert listed[0].text == "Database needs bootstrapping or is older than Kong 1.0."
    assert code(listed) == 3
    assert json.loads(lines(runner.status())[0]) == {
        "needs_bootstrap": True,
        "new_migrations": [{"subsystem": "core", "namespace": "gwctl.migrations.core", "migrations": list(OURS)}],
    }
    for work in (runner.up(), runner.finish()):
        with pytest.raises(MigrationError, match=r"^Cannot run migrations: Database needs bootstrapping") as caught:
            list(work)
        assert caught.value.hint == "run 'gwctl migrations bootstrap'"
    reset = list(runner.reset())
    assert (lines(reset), code(reset)) == (["Database not bootstrapped, nothing to reset"], 1)
    with pytest.raises(NeedsBootstrap) as needs:
        require_current(database_config)
    assert needs.value.hint == "run 'gwctl migrations bootstrap'"
    if database_config.path is not None:
        assert not database_config.path.exists()


def test_a_current_database_has_nothing_to_do(bootstrapped: DatabaseConfig) -> None:
    runner = MigrationRunner(bootstrapped)
    assert lines(runner.up()) == ["Database is already up-to-date"]
    assert lines(runner.finish()) == ["No pending migrations to finish"]
    assert lines(runner.list()) == ["Executed migrations:", f"core: {', '.join(OURS)}"]
    assert code(runner.list()) == 0
    assert json.loads(lines(runner.status())[0]) == {
        "needs_bootstrap": False,
        "executed_migrations": [{"subsystem": "core", "namespace": "gwctl.migrations.core", "migrations": list(OURS)}],
    }
    require_current(bootstrapped)


def test_reset_drops_our_tables_and_no_others(bootstrapped: DatabaseConfig) -> None:
    query(bootstrapped, "CREATE TABLE theirs (id INTEGER)")
    assert lines(MigrationRunner(bootstrapped).reset()) == ["Resetting database...", "Database successfully reset"]
    names = (
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if bootstrapped.kind == "sqlite"
        else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    )
    assert query(bootstrapped, names) == [("theirs",)]
    assert MigrationRunner(bootstrapped).state().needs_bootstrap


@pytest.mark.parametrize("table", ["services", "alembic_version"])
def test_a_database_of_another_program_is_left_alone(database_config: DatabaseConfig, table: str) -> None:
    open_engine(database_config, pooled=False, create=True).connect().close()
    query(database_config, f"CREATE TABLE {table} (id INTEGER)")
    runner = MigrationRunner(database_config)
    assert runner.state().needs_bootstrap
    if table == "alembic_version":
        assert lines(runner.bootstrap())[-1] == "Database is up-to-date"
        return
    with pytest.raises(MigrationError, match="has tables of another program: services") as caught:
        list(runner.bootstrap())
    assert caught.value.hint == "use an empty database, or a schema of its own (pg_schema)"
    assert runner.state().needs_bootstrap


def test_two_phases_one_after_the_other(bootstrapped: DatabaseConfig, next_ini: Path) -> None:
    runner = MigrationRunner(bootstrapped, ini=next_ini)
    assert lines(runner.list()) == [
        "Executed migrations:",
        f"core: {', '.join(OURS)}",
        "New migrations available:",
        "core: 901_more, 902_most",
        "Run 'gwctl migrations up' to proceed",
    ]
    assert code(runner.list()) == 5
    assert lines(runner.finish()) == ["New migrations available; run 'gwctl migrations up' to proceed"]
    with pytest.raises(NewMigrations) as caught:
        require_current(bootstrapped, scripts=MigrationScripts(next_ini))
    assert str(caught.value) == "New migrations available; run 'gwctl migrations up' to proceed"

    assert lines(runner.up())[1:] == [
        "core migrated up to: 901_more (pending)",
        "core migrated up to: 902_most (executed)",
        "2 migrations processed",
        "1 executed",
        "1 pending",
        "Database has pending migrations; run 'gwctl migrations finish' when ready",
    ]
    assert code(runner.list()) == 4
    assert lines(runner.list())[-3:] == [
        "Pending migrations:",
        "core: 901_more",
        "Run 'gwctl migrations finish' when ready",
    ]
    require_current(bootstrapped, scripts=MigrationScripts(next_ini))
    with pytest.raises(MigrationError, match=r"^Database has pending migrations; run 'gwctl migrations finish'$"):
        list(runner.up())

    assert lines(runner.finish())[1:] == [
        "core migrated up to: 901_more (executed)",
        "1 migration processed",
        "1 executed",
    ]
    assert runner.state() == MigrationState(executed=(*OURS, "901_more", "902_most"))
    assert query(bootstrapped, "SELECT count(*) FROM most") == [(0,)]


def test_bootstrap_runs_both_phases(database_config: DatabaseConfig, next_ini: Path) -> None:
    told = lines(MigrationRunner(database_config, ini=next_ini).bootstrap())
    assert told[-3:] == [f"{len(OURS) + 2} migrations processed", f"{len(OURS) + 2} executed", "Database is up-to-date"]
    assert MigrationRunner(database_config, ini=next_ini).state().pending == ()


def test_by_force_everything_runs_again_with_the_same_lines(
    bootstrapped: DatabaseConfig, next_ini: Path, catalog: Catalog
) -> None:
    runner = MigrationRunner(bootstrapped, ini=next_ini)
    lineage = version_of(bootstrapped, catalog)
    list(runner.up())
    first, second = lines(runner.up(force=True)), lines(runner.up(force=True))
    assert first == second
    assert first[-1] == "Database has pending migrations; run 'gwctl migrations finish' when ready"
    assert runner.state().pending == ("901_more",)
    list(runner.finish(force=True))
    first, second = lines(runner.finish(force=True)), lines(runner.finish(force=True))
    assert first == second
    assert first[-2:] == [f"{len(OURS) + 2} migrations processed", f"{len(OURS) + 2} executed"]
    assert version_of(bootstrapped, catalog) == lineage


def test_an_older_program_runs_on_a_newer_database_until_its_second_phase(
    bootstrapped: DatabaseConfig, next_ini: Path
) -> None:
    newer = MigrationRunner(bootstrapped, ini=next_ini)
    list(newer.up())
    state = MigrationRunner(bootstrapped).state()
    assert state == MigrationState(executed=OURS, missing=("902_most",))
    require_current(bootstrapped)
    list(newer.finish())
    with pytest.raises(NewerDatabase, match="901_more_finish"):
        require_current(bootstrapped)


def test_a_database_of_the_first_release_comes_along_with_its_data(
    database_config: DatabaseConfig, tmp_path: Path, catalog: Catalog
) -> None:
    first = _only(tmp_path, "000_base")
    assert lines(MigrationRunner(database_config, ini=first).bootstrap())[-1] == "Database is up-to-date"
    service, route = new_uuid(), new_uuid()
    query(database_config, "INSERT INTO services (id, name, host, enabled) VALUES (:id, 's', 'h', true)", id=service)
    query(
        database_config,
        "INSERT INTO routes (id, name, service_id, paths) VALUES (:id, 'r', :service, '[\"/\"]')",
        id=route,
        service=service,
    )
    version = version_of(database_config, catalog)
    runner = MigrationRunner(database_config)
    assert runner.state() == MigrationState(executed=OURS[:1], new=OURS[1:])
    with pytest.raises(NewMigrations):
        require_current(database_config)
    assert lines(runner.up())[-2:] == [f"{len(OURS) - 1} migration processed", f"{len(OURS) - 1} executed"]
    require_current(database_config)
    assert version_of(database_config, catalog) == version
    store = Store.open(database_config, node_catalog((), flavor="expressions"), SystemClock())
    with store.write() as unit:
        found = unit.get("routes", route)
        assert found is not None
        assert (found["service"], found["paths"], found["expression"], found["priority"]) == (
            {"id": service},
            ["/"],
            None,
            0,
        )
        consumer = unit.insert("consumers", {"username": "u"})
        unit.insert("keyauth_credentials", {"consumer": {"id": consumer["id"]}})
        assert [each["name"] for each in unit.page("workspaces").data] == ["default"]
    store.close()


def _only(tmp_path: Path, name: str) -> Path:
    """The migrations as they were when ``name`` was the newest."""
    place = tmp_path / "first"
    place.mkdir()
    source = locate()
    shutil.copy(source, place / "alembic.ini")
    shutil.copytree(source.parent / "migrations", place / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    for script in (place / "migrations" / "versions" / "expand").glob("*.py"):
        if script.stem > name:
            script.unlink()
    return place / "alembic.ini"


def test_a_failing_migration_leaves_the_database_as_it_was(bootstrapped: DatabaseConfig, next_ini: Path) -> None:
    _body_of = next_ini.parent / "migrations/versions/expand/902_most.py"
    _body_of.write_text(_body_of.read_text().replace("CREATE TABLE IF NOT EXISTS most", "CREATE NONSENSE most"))
    runner = MigrationRunner(bootstrapped, ini=next_ini)
    with pytest.raises(Exception, match="NONSENSE"):
        list(runner.up())
    assert runner.state() == MigrationState(executed=OURS, new=("901_more", "902_most"))
    assert query(bootstrapped, "SELECT * FROM locks") == []


def test_two_at_once_bootstrap_once(database_config: DatabaseConfig, catalog: Catalog) -> None:
    barrier = threading.Barrier(4)

    def run(_: int) -> list[str]:
        runner = MigrationRunner(database_config)
        barrier.wait()
        return lines(runner.bootstrap())

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(run, range(4)))
    assert sum(each[-1] == "Database is up-to-date" for each in told) == 1
    assert {each[-1] for each in told} <= {"Database is up-to-date", ABORTED, "Database already bootstrapped"}
    assert version_of(database_config, catalog)[1] == 1


def test_who_comes_second_finds_it_done(database_config: DatabaseConfig, catalog: Catalog) -> None:
    late = MigrationRunner(database_config).bootstrap()
    assert next(late).text == "Bootstrapping database..."
    assert lines(MigrationRunner(database_config).bootstrap())[-1] == "Database is up-to-date"
    before = version_of(database_config, catalog)
    assert lines(late) == ["Database already bootstrapped"]
    assert version_of(database_config, catalog) == before


def test_killed_at_any_step_bootstrap_can_run_again(database_config: DatabaseConfig, catalog: Catalog) -> None:
    for step in range(1, len(OURS) + 5):
        _killed_after(MigrationRunner(database_config), step)
        assert MigrationRunner(database_config).state().needs_bootstrap, step
    assert lines(MigrationRunner(database_config).bootstrap())[-len(BOOTSTRAPPED) :] == BOOTSTRAPPED
    assert version_of(database_config, catalog)[1] == 1


def _killed_after(runner: MigrationRunner, step: int) -> None:
    """Bootstrap in another process that is killed with SIGKILL when it has told ``step`` lines."""
    child = os.fork()
    if child == 0:
        for told, _ in enumerate(runner.bootstrap(), 1):
            if told == step:
                os.kill(os.getpid(), signal.SIGKILL)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), step


@contextmanager
def held(config: DatabaseConfig, catalog: Catalog) -> Iterator[None]:
    """Another node holds the migration lock inside the block."""
    lock = MigrationLock(config, open_engine(config, pooled=False), build_tables(catalog).system, SystemClock())
    with lock.attempt() as taken:
        assert taken
        yield


def test_a_loser_does_nothing_and_says_so(bootstrapped: DatabaseConfig, next_ini: Path, catalog: Catalog) -> None:
    runner = MigrationRunner(bootstrapped, ini=next_ini)
    with held(bootstrapped, catalog):
        ((key, owner, ttl, guarded),) = query(bootstrapped, "SELECT key, owner, ttl, guarded FROM locks")
        assert (key, len(owner), bool(guarded)) == ("migrations", 36, True)
        assert ttl > time.time()
        assert (lines(runner.finish()), code(runner.finish())) == ([ABORTED], 0)
        assert (lines(runner.reset()), code(runner.reset())) == ([ABORTED], 1)
    assert query(bootstrapped, "SELECT * FROM locks") == []


def test_up_waits_for_the_other_node_and_then_has_nothing_to_do(
    bootstrapped: DatabaseConfig, next_ini: Path, catalog: Catalog
) -> None:
    runner = MigrationRunner(bootstrapped, ini=next_ini)
    with ThreadPoolExecutor(1) as pool:
        with held(bootstrapped, catalog):
            waiting = pool.submit(lambda: lines(runner.up(lock_timeout=30)))
            with pytest.raises(MigrationError, match=r"^timeout$"):
                list(runner.up(lock_timeout=0.15))
            assert not waiting.done()
        assert waiting.result(20) == [ABORTED]
    assert runner.state().new == ("901_more", "902_most")


def test_a_row_of_another_program_counts_until_its_time_is_over(bootstrapped: DatabaseConfig) -> None:
    runner = MigrationRunner(bootstrapped)
    row = "INSERT INTO locks (key, owner, ttl) VALUES ('migrations', 'somebody', :ttl)"
    query(bootstrapped, row, ttl=time.time() + 60)
    assert lines(runner.finish()) == [ABORTED]
    query(bootstrapped, "UPDATE locks SET ttl = :ttl", ttl=time.time() - 1)
    assert lines(runner.finish()) == ["No pending migrations to finish"]


def test_a_killed_owner_holds_nothing(bootstrapped: DatabaseConfig) -> None:
    row = "INSERT INTO locks (key, owner, ttl, guarded) VALUES ('migrations', 'killed', :ttl, :guarded)"
    query(bootstrapped, row, ttl=time.time() + 60, guarded=True)
    assert lines(MigrationRunner(bootstrapped).finish()) == ["No pending migrations to finish"]


@pytest.mark.parametrize("damage", ["DROP TABLE locks", "ALTER TABLE locks RENAME COLUMN owner TO nobody"])
def test_reset_helps_even_without_a_lock_table(bootstrapped: DatabaseConfig, damage: str) -> None:
    query(bootstrapped, damage)
    assert lines(MigrationRunner(bootstrapped).reset())[-1] == "Database successfully reset"


def test_without_a_database_everything_is_done() -> None:
    runner = MigrationRunner(DatabaseConfig(kind="off"))
    assert lines(runner.bootstrap()) == ["Database already bootstrapped"]
    assert lines(runner.up()) == ["Database is already up-to-date"]
    assert lines(runner.finish()) == ["No pending migrations to finish"]
    assert (lines(runner.list()), lines(runner.status())) == ([], ['{"needs_bootstrap":false}'])
    require_current(DatabaseConfig(kind="off"))
