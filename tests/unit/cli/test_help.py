"""Help of every command (hybrid.md 12.4, C1 and C7): on stdout with exit 0, which is ours."""

from __future__ import annotations

import pytest
from typer.main import get_command

from gwctl.cli.app import build
from gwctl.cli.main import run


def every_command() -> list[list[str]]:
    """All words that lead to a command or a group of commands."""
    found: list[list[str]] = [[]]
    for words in found:
        command = get_command(build())
        for word in words:
            command = command.commands[word]  # type: ignore[attr-defined]
        found += [[*words, name] for name in getattr(command, "commands", {})]
    return found


@pytest.mark.parametrize("words", every_command(), ids=" ".join)
def test_c7_every_command_explains_itself(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*words, "--help"]) == 0

    told = capsys.readouterr()
    assert told.out.startswith(" ".join(["Usage: gwctl", *words]))
    assert told.err == ""


def test_c7_the_commands_of_the_reference_are_there() -> None:
    commands = {" ".join(words) for words in every_command()}

    assert {"check", "health", "prepare", "quit", "reload", "restart", "roar", "start", "stop", "version"} <= commands
    assert {"hybrid gen_cert"} <= commands
    assert {f"migrations {word}" for word in ("bootstrap", "up", "finish", "list", "status", "reset")} <= commands


def test_c3_roar(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["roar"]) == 0

    assert capsys.readouterr().out.rstrip().endswith("Welcome to kong")
