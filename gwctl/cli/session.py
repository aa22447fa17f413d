"""One command's settings: loaded once, their notices told, and the place of the node they describe."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gwctl.cli.options import Common, Verbosity
from gwctl.cli.voice import Voice
from gwctl.kit.errors import GwctlError

if TYPE_CHECKING:
    from gwctl.settings import Settings


def reference_voice(common: Common) -> Voice:
    """A voice whose detail goes to stdout, as scripts written for the reference expect."""
    voice = Voice(common.verbosity, detail=sys.stdout)
    voice.logs()
    voice.versions()
    return voice


def data_voice(verbosity: Verbosity = Verbosity.NORMAL) -> Voice:
    """A voice for commands whose stdout is data: detail goes to stderr."""
    voice = Voice(verbosity, detail=sys.stderr)
    voice.logs()
    return voice


def load(
    common: Common,
    voice: Voice,
    *,
    role: str | None = None,
    flags: Mapping[str, str] | None = None,
    under: Path | None = None,
    unknown: bool = True,
) -> Settings:
    """Settings from conf file, environment and flags, over those of a running node (``under``); tells their notices.

    ``unknown`` False leaves the notices about unknown settings to the caller.
    """
    from gwctl.settings import Settings

    settings = Settings.load(
        role=role, conf=common.conf_path, environ=os.environ, flags=with_prefix(common, flags or {}), under=under
    )
    voice.settings(settings, unknown=unknown)
    return settings


def with_prefix(common: Common, flags: Mapping[str, str]) -> dict[str, str]:
    named = dict(flags)
    if common.prefix is not None:
        named["prefix"] = common.prefix
    return named


def place(common: Common, *, role: str | None = None) -> Path:
    """The prefix of the node meant, whatever else its settings say: a node can always be stopped."""
    from gwctl.settings import Settings

    return Settings.find_prefix(role=role, conf=common.conf_path, environ=os.environ, flags=with_prefix(common, {}))


def environment_of(common: Common, *, role: str | None = None) -> Path | None:
    """The file with the settings of the node meant, as it was started; None when there is none."""
    path = place(common, role=role) / ".kong_env"
    return path if path.is_file() else None


def require_directory(prefix: Path) -> None:
    """Raise when something else than a directory is where the prefix should be."""
    if prefix.exists() and not prefix.is_dir():
        raise GwctlError(f"{prefix} is not a directory", hint="-p names the directory of the node")
