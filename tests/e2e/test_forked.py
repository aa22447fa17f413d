"""A command that sets a test up (tools/forked.py) is the installed command: the same exit code, output and files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tools import forked
from tests.tools.gateway import GWCTL, Finished, Place

FILE = '_format_version: "3.0"\nservices: [{name: a, host: h}]\n'


def installed(place: Place, *words: str) -> Finished:
    return place.run([str(GWCTL), *words], ok=False)


@pytest.mark.parametrize(
    "words",
    [
        ["config", "parse", "good.yml"],
        ["config", "parse", "none.yml"],
        ["config", "validate", "good.yml"],
        ["settings", "show"],
        ["get", "services", "--admin-url", "http://127.0.0.1:1"],
        ["stop", "--prefix", "/nowhere"],
        ["health"],
        ["start", "--nothing"],
        ["--help"],
    ],
    ids=" ".join,
)
def test_it_tells_what_the_installed_one_tells(place: Place, words: list[str]) -> None:
    (place.directory / "good.yml").write_text(FILE)
    assert forked.fits(words, place.environ) or os.environ.get("GWCTL_TEST_INSTALLED")

    assert place.set_up(*words, ok=False) == installed(place, *words)


def test_it_has_its_own_directory_environment_and_limit(place: Place, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "here.yml").write_text(FILE.replace("name: a", 'name: "${{ env "DECK_N" }}"'))

    told = place.set_up("config", "validate", "here.yml", env={"DECK_N": "a"}, directory=elsewhere)

    assert told.out == "valid: 1 records\n"
    unset = place.set_up("config", "validate", "here.yml", directory=elsewhere, ok=False)
    assert "environment variable 'DECK_N' is not set" in unset.err


@pytest.mark.parametrize("variable", ["PYTHONUTF8", "LD_PRELOAD", "LANG", "TMPDIR"])
def test_what_an_interpreter_reads_when_it_begins_needs_the_installed_one(place: Place, variable: str) -> None:
    assert not forked.fits(["health"], {**place.environ, variable: "other"})
