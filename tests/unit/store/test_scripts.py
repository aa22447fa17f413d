"""The migration scripts and the state they make of a database's heads."""

from __future__ import annotations

from pathlib import Path

import pytest

import gwctl
from gwctl.store import StoreError
from gwctl.store.change_log import _reach
from gwctl.store.migrations.progress import summary
from gwctl.store.migrations.scripts import MigrationScripts, locate


def test_the_scripts_of_this_installation_are_found() -> None:
    assert locate().name == "alembic.ini"
    assert MigrationScripts().migrations[0].name == "000_base"


def test_the_ones_of_a_wheel_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "gwctl"
    (package / "_data").mkdir(parents=True)
    (tmp_path / "alembic.ini").touch()
    monkeypatch.setattr(gwctl, "__file__", str(package / "__init__.py"))
    assert locate() == tmp_path / "alembic.ini"
    (package / "_data" / "alembic.ini").touch()
    assert locate() == package / "_data" / "alembic.ini"


def test_an_installation_without_scripts_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gwctl, "__file__", str(tmp_path / "gwctl" / "__init__.py"))
    with pytest.raises(StoreError, match="no migrations in") as caught:
        locate()
    assert caught.value.hint == "install gwctl again; its wheel carries them"


def test_every_migration_has_a_number_and_its_second_phase_its_name() -> None:
    scripts = MigrationScripts()
    numbers = [migration.name.split("_")[0] for migration in scripts.migrations]
    assert numbers == [f"{number:03}" for number in range(len(numbers))]


@pytest.mark.parametrize(
    ("executed", "pending", "lines"),
    [
        (1, 1, ["2 migrations processed", "1 executed", "1 pending"]),
        (1, 0, ["1 migration processed", "1 executed"]),
        (0, 1, ["1 migration processed", "1 pending"]),
    ],
)
def test_counts(executed: int, pending: int, lines: list[str]) -> None:
    assert [step.text for step in summary(executed, pending)] == lines


@pytest.mark.parametrize(
    ("sizes", "limit", "to"),
    [([], 10, 5), ([3], 1, 6), ([3, 3], 5, 6), ([3, 3], 6, 7), ([1, 9, 1], 3, 6), ([9, 1], 3, 6)],
)
def test_a_batch_reaches_as_far_as_its_limit(sizes: list[int], limit: int, to: int) -> None:
    assert _reach(5, list(enumerate(sizes, 6)), limit) == to
