"""How commands are found: dashes and underscores alike, and a plain sentence for a word that is no command."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from gwctl.kit.suggest import closest


class UnknownCommand(typer.TyperException):
    """A word that names no command; ``usage`` is the usage line of the group that was asked."""

    exit_code = 2

    def __init__(self, message: str, *, usage: str, hint: str | None) -> None:
        super().__init__(message)
        self.usage = usage
        self.hint = hint


class CommandGroup(TyperGroup):
    """A group of commands where ``gen-cert`` and ``gen_cert`` are the same word."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        for name in (cmd_name, cmd_name.replace("-", "_"), cmd_name.replace("_", "-")):
            found = super().get_command(ctx, name)
            if found is not None:
                return found
        return None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        word = args[0]
        if not word.startswith("-") and self.get_command(ctx, word) is None:
            raise self._unknown(ctx, word)
        return super().resolve_command(ctx, args)

    def _unknown(self, ctx: Any, word: str) -> UnknownCommand:
        where = "" if ctx.parent is None else f" for {ctx.info_name}"
        near = closest(word, self.commands)
        hint = (
            f"did you mean '{ctx.command_path} {near}'?" if near else f"'{ctx.command_path} --help' lists the commands"
        )
        return UnknownCommand(f"No such command{where}: {word}", usage=ctx.get_usage(), hint=hint)
