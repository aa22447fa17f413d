"""``gwctl dp``: a data plane on this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from gwctl.cli import declared, nodes_of
from gwctl.cli.options import Conf, DataOutput, Debug, Prefix, Verbose, common

_ROLE = "data_plane"

ControlPlanes = Annotated[
    list[str] | None,
    typer.Option(
        "--cp", metavar="HOST:PORT", help="Where the control plane listens; several for failover (repeat or comma)."
    ),
]
MoreControlPlanes = Annotated[
    list[str] | None, typer.Argument(metavar="HOST:PORT", help="More control planes after --cp.")
]
Config = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Declarative config (YAML or JSON; - is stdin). Without --cp the node needs no control plane; with --cp "
        "the file only fills an empty cache.",
    ),
]
Workers = Annotated[str | None, typer.Option("--workers", metavar="N", help="Worker processes; auto is one per CPU.")]


def start(
    cp: ControlPlanes = None,
    more: MoreControlPlanes = None,
    config: Config = None,
    workers: Workers = None,
    prefix: Prefix = None,
    conf: Conf = None,
    daemon: nodes_of.Daemon = False,
    v: Verbose = False,
    vv: Debug = False,
) -> int:
    """Start a data plane.

    It takes its configuration from the control plane and serves traffic, also when the control plane is gone. With
    --config and no --cp it serves the file alone, with an Admin API to look at it.
    """
    if more and not cp:
        raise typer.BadParameter("control plane addresses follow --cp")
    flags = {}
    if cp:
        flags["cluster_control_plane"] = ",".join([*cp, *(more or [])])
    if workers is not None:
        flags["workers"] = workers
    options, role = common(prefix, conf, v, vv), _ROLE
    if config is not None:
        role = declared.role_of(options, told=bool(cp))
        flags |= declared.flags_of(options, config, role)
    document = declared.read_stdin(config)
    return nodes_of.start(options, role=role, daemon=daemon, flags=flags, document=document)


def stop(prefix: Prefix = None, timeout: nodes_of.Timeout = 10.0, v: Verbose = False, vv: Debug = False) -> None:
    """Stop it gracefully.

    Requests in flight finish; the command returns when the node is gone and its ports are free.
    """
    nodes_of.stop(common(prefix, None, v, vv), role=_ROLE, timeout=timeout)


def reload(prefix: Prefix = None, conf: Conf = None, v: Verbose = False, vv: Debug = False) -> None:
    """Take new settings without dropping a request.

    Every worker is replaced; the supervisor stays.
    """
    nodes_of.reload(common(prefix, conf, v, vv), role=_ROLE)


def health(prefix: Prefix = None, output: DataOutput = None, v: Verbose = False, vv: Debug = False) -> int:
    """Say whether it runs (exit 1 if not)."""
    return nodes_of.health(common(prefix, None, v, vv), role=_ROLE, output=output)


COMMANDS: tuple[Callable[..., object], ...] = (start, stop, reload, health)
