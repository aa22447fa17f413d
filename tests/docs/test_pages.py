"""Pages say what is: generated ones are current, links lead somewhere, commands in them exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from docs.generate import PAGES, REFERENCE
from gwctl.cli.app import build
from gwctl.settings.catalogue import CATALOGUE
from tests.tools.markdown import shell_lines

REPOSITORY = Path(__file__).parents[2]
PAGES_OF_PEOPLE = [
    *sorted(REPOSITORY.glob("*.md")),
    *sorted((REPOSITORY / "docs").rglob("*.md")),
    *sorted((REPOSITORY / "examples").rglob("*.md")),
]
PROMISES = "compatibility.md"
"""Also names commands that are not there yet, and says so."""
OTHER_VARIABLES = {
    *("GWCTL_HOME", "GWCTL_SOAK_MINUTES"),
    *("GWCTL_ADMIN_URL", "GWCTL_ADMIN_TOKEN", "GWCTL_ADMIN_TOKEN_FILE"),
}


def name_of(value: object) -> str:
    return str(value.relative_to(REPOSITORY)) if isinstance(value, Path) else str(value)


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_current(name: str) -> None:
    assert (REFERENCE / name).read_text() == PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("page", PAGES_OF_PEOPLE, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def gwctl_lines(page: Path) -> list[list[str]]:
    """The words after ``gwctl`` of every command line of a page, in blocks and in running text."""
    lines = shell_lines(page) + re.findall(r"`(gwctl [^`]*)`", page.read_text())
    commands = [part.strip() for line in lines for part in re.split(r"&&|\|\||;", line)]
    commands = [re.sub(r"^(\w+=\S+ )+", "", command) for command in commands]
    return [shlex.split(command)[1:] for command in commands if command.startswith("gwctl ") and "|" not in command]


@pytest.mark.parametrize(
    ("page", "words"),
    [(page, words) for page in PAGES_OF_PEOPLE if page.name != PROMISES for words in gwctl_lines(page)],
    ids=lambda value: " ".join(value) if isinstance(value, list) else name_of(value),
)
def test_commands_in_pages_exist(page: Path, words: list[str]) -> None:
    command: Any = get_command(build())
    rest = list(words)
    while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
        word = rest.pop(0)
        assert word in command.commands, f"{word} of gwctl {' '.join(words)}"
        command = command.commands[word]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    for word in rest:
        if word.startswith("-") and not word.startswith("-…"):
            assert word.split("=")[0] in known, f"{word} of gwctl {' '.join(words)}"


@pytest.mark.parametrize("page", PAGES_OF_PEOPLE, ids=name_of)
def test_variables_in_pages_are_settings(page: Path) -> None:
    for name in set(re.findall(r"\b(?:GWCTL|KONG)_[A-Z][A-Z_]*[A-Z]\b", page.read_text())) - OTHER_VARIABLES:
        setting = name.split("_", 1)[1].lower()
        assert CATALOGUE.find(setting) or setting in CATALOGUE.aliases, name


def test_the_makefile_has_what_the_pages_name() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES_OF_PEOPLE:
        text = page.read_text()
        named = re.findall(r"`make ([a-z-]+)", text) + [
            line.split()[1] for line in shell_lines(page) if line.startswith("make ")
        ]
        assert set(named) <= targets, page
