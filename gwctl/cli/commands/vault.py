"""``gwctl vault``: secrets that references name."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Annotated

import typer

from gwctl.cli import session
from gwctl.cli.options import Conf, Debug, Prefix, Verbose, common
from gwctl.kit.errors import GwctlError


def get(
    reference: Annotated[
        str | None,
        typer.Argument(metavar="REFERENCE", help="{vault://env/name}, or short env/name or env/name/key"),
    ] = None,
    prefix: Prefix = None,
    conf: Conf = None,
    v: Verbose = False,
    vv: Debug = False,
) -> None:
    """Print the value behind a reference.

    The vault is a provider (env) or the prefix of a vault entity, from the node's database or cache.
    """
    if not reference:
        raise GwctlError("the 'get' command needs a <reference> argument", hint="gwctl vault get env/name")
    from gwctl.node.catalog import catalog_for
    from gwctl.node.secrets import read_secret

    options = common(prefix, conf, v, vv)
    voice = session.data_voice(options.verbosity)
    settings = session.load(options, voice, under=session.environment_of(options))
    print(read_secret(settings, reference, catalog=catalog_for(settings), environ=os.environ))


COMMANDS: tuple[Callable[..., object], ...] = (get,)
