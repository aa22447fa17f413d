"""``gwctl migrations`` as scripts call it: lines and exit codes (hybrid.md 3.6)."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.tools.gateway import GWCTL, Finished, Place
from tests.tools.postgres import Database


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def environ(request: pytest.FixtureRequest, place: Place) -> dict[str, str]:
    """The same commands on both databases."""
    if request.param == "postgres":
        database: Database = request.getfixturevalue("database")
        return database.environ()
    return {"GWCTL_PREFIX": str(place.directory / "node")}


def migrations(place: Place, environ: dict[str, str], *words: str, code: int = 0) -> Finished:
    finished = place.gwctl("migrations", *words, env=environ, ok=False)
    assert finished.code == code, finished
    return finished


def test_bootstrap_tells_what_it_does_and_only_once(place: Place, environ: dict[str, str]) -> None:
    lines = migrations(place, environ, "bootstrap").out.splitlines()

    assert lines[0] == "Bootstrapping database..."
    assert lines[1].startswith("migrating core on database '")
    assert lines[2] == "core migrated up to: 000_base (executed)"
    assert lines[-3:] == ["2 migrations processed", "2 executed", "Database is up-to-date"]
    assert migrations(place, environ, "bootstrap").out == "Database already bootstrapped\n"
    again = migrations(place, environ, "bootstrap", "--force")
    assert again.out.splitlines()[-1] == "Database is up-to-date"
    assert again.err == ""


def test_list_and_status_before_and_after(place: Place, environ: dict[str, str]) -> None:
    empty = migrations(place, environ, "list", code=3)
    assert empty.out.startswith("Database needs bootstrapping or is older than Kong 1.0.")
    assert json.loads(migrations(place, environ, "status").out)["needs_bootstrap"] is True
    refused = migrations(place, environ, "up", code=1)
    assert refused.err.startswith("Error: Cannot run migrations: Database needs bootstrapping")

    migrations(place, environ, "bootstrap", "-q")

    assert migrations(place, environ, "list").out == "Executed migrations:\ncore: 000_base, 001_every_entity\n"
    status = json.loads(migrations(place, environ, "status").out)
    assert status["needs_bootstrap"] is False
    assert status["executed_migrations"][0]["migrations"] == ["000_base", "001_every_entity"]
    assert migrations(place, environ, "up").out == "Database is already up-to-date\n"
    assert migrations(place, environ, "finish").out == "No pending migrations to finish\n"
    for command in ("up", "finish"):
        forced = [migrations(place, environ, command, "-f") for _ in range(2)]
        assert forced[0] == forced[1]
        assert forced[0].err == ""


def test_reset_asks_a_person_and_refuses_a_script(place: Place, environ: dict[str, str]) -> None:
    assert migrations(place, environ, "reset", "--yes", code=1).out == "Database not bootstrapped, nothing to reset\n"
    migrations(place, environ, "bootstrap")

    refused = migrations(place, environ, "reset", code=1)
    assert refused.err.startswith("Error: not a tty: invoke 'reset' non-interactively with the --yes flag")
    assert on_a_terminal(place, environ, "n")[1:] == (0, "cancelled")
    assert migrations(place, environ, "list").code == 0

    assert migrations(place, environ, "reset", "--yes").out == ("Resetting database...\nDatabase successfully reset\n")
    assert migrations(place, environ, "reset", "-y", code=1).out == "Database not bootstrapped, nothing to reset\n"


def test_reset_on_a_terminal_after_a_yes(place: Place, environ: dict[str, str]) -> None:
    migrations(place, environ, "bootstrap")

    told, code, last = on_a_terminal(place, environ, "what\nyes")

    assert "> Are you sure? This operation is irreversible. [y/n] " in told
    assert (code, last) == (0, "Database successfully reset")


def on_a_terminal(place: Place, environ: dict[str, str], answers: str) -> tuple[str, int, str]:
    """``migrations reset`` with a person at the keyboard: all it told, exit code, last line."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [GWCTL, "migrations", "reset"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=place.directory,
        env=place.environ | environ | {"TERM": "dumb"},
    )
    os.close(slave)
    os.write(master, f"{answers}\n".encode())
    told = b""
    try:
        while chunk := os.read(master, 4096):
            told += chunk
    except OSError:  # the other side is gone
        pass
    os.close(master)
    code = process.wait(30)
    lines = [line.strip() for line in told.decode().replace("\r", "\n").splitlines() if line.strip()]
    return told.decode(), code, lines[-1].rpartition("] ")[2]


def test_a_prefix_that_is_no_directory(place: Place) -> None:
    finished = place.gwctl("migrations", "bootstrap", "-p", "/dev/null", ok=False)

    assert finished.code == 1
    assert finished.out == ""
    assert finished.err.startswith("Error: /dev/null is not a directory")


def test_without_a_database_there_is_nothing_to_do(place: Place) -> None:
    environ = {"KONG_DATABASE": "off"}

    assert migrations(place, environ, "bootstrap").out == "Database already bootstrapped\n"
    assert migrations(place, environ, "up").out == "Database is already up-to-date\n"
    assert migrations(place, environ, "finish").out == "No pending migrations to finish\n"


def test_the_wheel_carries_the_migrations(place: Place, tmp_path: Path) -> None:
    """What is installed from the wheel alone, without the repository, bootstraps a database."""
    import sys

    repository = Path(__file__).parents[2]
    wheels, site = tmp_path / "wheels", tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    place.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(repository)])
    (wheel,) = wheels.glob("gwctl-*.whl")
    place.run([*pip, "install", "--no-deps", "--target", str(site), str(wheel)])
    program = (
        "import sys, gwctl; from gwctl.cli.main import run;"
        f"assert gwctl.__file__.startswith({str(site)!r}), gwctl.__file__; sys.exit(run(sys.argv[1:]))"
    )

    finished = place.run(
        [sys.executable, "-c", program, "migrations", "bootstrap"], env={"PYTHONPATH": str(site)}, timeout=120
    )

    assert finished.out.splitlines()[-1] == "Database is up-to-date"
