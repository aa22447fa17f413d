"""``gwctl cp``: a control plane on this machine."""

from __future__ import annotations

from collections.abc import Callable

from gwctl.cli import nodes_of
from gwctl.cli.options import Conf, DataOutput, Debug, Prefix, Verbose, common

_ROLE = "control_plane"


def start(
    prefix: Prefix = None,
    conf: Conf = None,
    daemon: nodes_of.Daemon = False,
    v: Verbose = False,
    vv: Debug = False,
) -> int:
    """Start a control plane.

    It serves the Admin API, keeps the configuration in its database and pushes it to data planes.
    """
    return nodes_of.start(common(prefix, conf, v, vv), role=_ROLE, daemon=daemon)


def stop(prefix: Prefix = None, timeout: nodes_of.Timeout = 10.0, v: Verbose = False, vv: Debug = False) -> None:
    """Stop it gracefully.

    Returns when the node is gone and its ports are free.
    """
    nodes_of.stop(common(prefix, None, v, vv), role=_ROLE, timeout=timeout)


def reload(prefix: Prefix = None, conf: Conf = None, v: Verbose = False, vv: Debug = False) -> None:
    """Take new settings.

    Every process but the supervisor is replaced.
    """
    nodes_of.reload(common(prefix, conf, v, vv), role=_ROLE)


def health(prefix: Prefix = None, output: DataOutput = None, v: Verbose = False, vv: Debug = False) -> int:
    """Say whether it runs (exit 1 if not)."""
    return nodes_of.health(common(prefix, None, v, vv), role=_ROLE, output=output)


COMMANDS: tuple[Callable[..., object], ...] = (start, stop, reload, health)
