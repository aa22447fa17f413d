"""``gwctl settings``: how a node would run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from gwctl.cli import session
from gwctl.cli.options import Conf, Debug, Format, Output, Prefix, Verbose, common
from gwctl.cli.output import show as show_data

Role = Annotated[
    str | None,
    typer.Option(
        "--role", metavar="ROLE", help="traditional, control_plane or data_plane; else what the settings say."
    ),
]


def show(
    role: Role = None,
    prefix: Prefix = None,
    conf: Conf = None,
    output: Output = Format.TABLE,
    v: Verbose = False,
    vv: Debug = False,
) -> None:
    """Every setting, its value and its origin.

    Secrets are masked.
    """
    options = common(prefix, conf, v, vv)
    settings = session.load(options, session.data_voice(options.verbosity), role=role)
    values = settings.masked()
    show_data(
        [{"name": name, "value": values[name], "origin": settings.origin(name)} for name in sorted(values)], output
    )


COMMANDS: tuple[Callable[..., object], ...] = (show,)
