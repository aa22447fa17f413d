"""``gwctl hybrid``: certificates for the link."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated

import typer

from gwctl.cli.options import Debug, Verbose


def gen_cert(
    cert: Annotated[
        str | None, typer.Argument(metavar="CERT", help="Where the certificate goes  [default: ./cluster.crt]")
    ] = None,
    key: Annotated[
        str | None, typer.Argument(metavar="KEY", help="Where the key goes  [default: ./cluster.key]")
    ] = None,
    days: Annotated[
        str, typer.Option("-d", "--days", metavar="DAYS", help="How long the certificate is valid.")
    ] = "1095",
    v: Verbose = False,
    vv: Debug = False,
) -> None:
    """Make the certificate pair of a cluster.

    Control plane and data planes share it. Never overwrites a file.
    """
    from gwctl.certs.generate import write_shared_pair

    print(write_shared_pair(cert, key, days=days, now=time.time()).message)


COMMANDS: tuple[Callable[..., object], ...] = (gen_cert,)
