"""``dp start --config``: which node a file makes, and where a document from stdin is kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gwctl.cli import session
from gwctl.cli.options import Common
from gwctl.kit.errors import GwctlError

DATA_PLANE = "data_plane"
TRADITIONAL = "traditional"
STDIN = "-"
_CONTROL_PLANE = ("GWCTL_CLUSTER_CONTROL_PLANE", "KONG_CLUSTER_CONTROL_PLANE")


def role_of(common: Common, *, told: bool) -> str:
    """A file alone makes a node without a database; with a control plane, told here or in the settings, it only fills
    the cache of a data plane."""
    if told or any(os.environ.get(name) for name in _CONTROL_PLANE):
        return DATA_PLANE
    return DATA_PLANE if common.conf_path is not None and _names_control_plane(common.conf_path) else TRADITIONAL


def _names_control_plane(conf: Path) -> bool:
    from gwctl.settings.conffile import read_conf

    return bool(read_conf(conf).values.get("cluster_control_plane"))


def flags_of(common: Common, config: str, role: str) -> dict[str, str]:
    """The settings that ``--config`` stands for. The node lives where ``gwctl dp`` looks for it."""
    from gwctl.node.prefix import PrefixDirectory

    prefix = session.place(common, role=DATA_PLANE)
    place = PrefixDirectory(prefix).document if config == STDIN else Path(config).absolute()
    flags = {"declarative_config": str(place)}
    if role == TRADITIONAL:
        flags |= {"database": "off", "prefix": str(prefix)}
    return flags


def read_stdin(config: str | None) -> bytes | None:
    """The document when it is to come from stdin. Raises GwctlError when nothing comes."""
    if config != STDIN:
        return None
    text = sys.stdin.buffer.read()
    if not text.strip():
        raise GwctlError("--config -: no document came from stdin", hint="gwctl dp start --config - < kong.yml")
    return text


def role_of_running(common: Common, role: str | None) -> str | None:
    """The role of the node where one of ``role`` would be: a data plane without control plane is a traditional node."""
    from gwctl.settings.conffile import read_conf

    environment = session.environment_of(common, role=role)
    if environment is None:
        return role
    return read_conf(environment).values.get("role") or role
