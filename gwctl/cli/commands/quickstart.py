"""``gwctl quickstart``: the whole walk in one terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from gwctl.cli.options import Debug, Verbose, Verbosity
from gwctl.cli.voice import Voice


def quickstart(
    check: Annotated[
        bool, typer.Option("--check", help="Stop after the walk: exit 0 when all of it worked, 1 otherwise.")
    ] = False,
    v: Verbose = False,
    vv: Debug = False,
) -> int:
    """The whole hybrid walk in one terminal.

    Certificates, database, control plane, data plane, a proxied request and the node table, in a temporary place
    on free ports. Stays up until Ctrl-C.
    """
    voice = Voice(Verbosity.of(v, vv))
    voice.logs()
    from gwctl.node.quickstart import run

    return run(check=check, say=voice.say)
