"""The tree of commands."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gwctl import __version__
from gwctl.cli.commands import (
    config,
    config_sync,
    config_tools,
    control_plane,
    data_plane,
    entities,
    hybrid,
    migrations,
    nodes,
    quickstart,
    reference,
    settings,
    vault,
)
from gwctl.cli.groups import CommandGroup

_CONTEXT = {"help_option_names": ["--help", "-h"], "max_content_width": 100}


def build() -> typer.Typer:
    """A fresh tree. Building it imports no package of the gateway except the command modules themselves."""
    app = _group("Run, script and extend a Kong-compatible API gateway.")
    app.callback()(_root)
    for function in reference.COMMANDS:
        app.command(function.__name__)(function)
    app.command()(quickstart.quickstart)
    for function in entities.COMMANDS:
        app.command(function.__name__, context_settings=dict(entities.ENTITY_CONTEXT))(function)
    app.command("apply")(config_sync.apply)
    for name, help_text, commands in (
        ("cp", "Run a control plane on this machine.", control_plane.COMMANDS),
        ("dp", "Run a data plane on this machine.", data_plane.COMMANDS),
        ("nodes", "See the data planes of a control plane.", nodes.COMMANDS),
        ("config", "Configuration as files.", (*config.COMMANDS, *config_tools.COMMANDS, *config_sync.COMMANDS)),
        ("hybrid", "Certificates of the link between the planes.", hybrid.COMMANDS),
        ("migrations", "Create and change the database of a control plane.", migrations.COMMANDS),
        ("settings", "See how a node would run.", settings.COMMANDS),
        ("vault", "See secrets that references name.", vault.COMMANDS),
    ):
        group = _group(help_text)
        for function in commands:
            group.command(function.__name__)(function)
        app.add_typer(group, name=name)
    return app


def _group(help_text: str) -> typer.Typer:
    return typer.Typer(
        cls=CommandGroup,
        help=help_text,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=dict[str, Any](_CONTEXT),
    )


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"gwctl {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version of gwctl.")
    ] = False,
) -> None:
    """Nothing happens without a command."""
