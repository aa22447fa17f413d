"""Starting, stopping, reloading and asking nodes: what ``gwctl cp``, ``gwctl dp`` and the reference commands share."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from gwctl.cli import session
from gwctl.cli.declared import role_of_running
from gwctl.cli.options import Common, Format
from gwctl.cli.output import show as show_data
from gwctl.kit.errors import GwctlError

if TYPE_CHECKING:
    from gwctl.node.lifecycle import Health

Daemon = Annotated[bool, typer.Option("--daemon", help="Go to the background once ready.", show_default=False)]
Timeout = Annotated[float, typer.Option("-t", "--timeout", metavar="SECONDS", help="For requests in flight.")]

_STOP_SECONDS = 5.0


def start(
    common: Common,
    *,
    role: str | None,
    daemon: bool | None,
    flags: Mapping[str, str] | None = None,
    document: bytes | None = None,
) -> int:
    """Start the node of these settings. ``daemon`` None leaves it to the settings; ``document``: see ``lifecycle``."""
    voice = session.reference_voice(common)
    settings = session.load(common, voice, role=role, flags=flags)
    from gwctl.node import lifecycle

    background = settings.flag("daemon") if daemon is None else daemon
    return lifecycle.start(settings, daemon=background, say=voice.say, document=document)


def restart(common: Common, *, flags: Mapping[str, str]) -> int:
    """Stop the node if it runs and start it. Settings that cannot be used leave it running."""
    voice = session.reference_voice(common)
    under = session.environment_of(common) if common.prefix is not None and common.conf is None else None
    settings = session.load(common, voice, flags=flags, under=under)
    from gwctl.node import lifecycle

    with suppress(GwctlError):
        lifecycle.stop(settings.prefix, graceful=True, timeout=_STOP_SECONDS, wait=0, say=voice.verbose)
    return lifecycle.start(settings, daemon=settings.flag("daemon"), say=voice.say)


def migrate(common: Common, *, flags: Mapping[str, str], lock_timeout: int) -> None:
    """``--run-migrations``: the first phase of new migrations, before the node starts."""
    voice = session.reference_voice(common)
    settings = session.load(common, voice, flags=flags)
    from gwctl.store import DatabaseConfig, MigrationRunner

    for step in MigrationRunner(DatabaseConfig.from_settings(settings)).up(lock_timeout=lock_timeout):
        voice.say(step.text)


def stop(common: Common, *, role: str | None, graceful: bool = True, timeout: float = 10.0, wait: float = 0.0) -> None:
    voice = session.reference_voice(common)
    prefix = session.place(common, role=role)
    from gwctl.node import lifecycle

    lifecycle.stop(prefix, graceful=graceful, timeout=timeout, wait=wait, say=voice.say)


def reload(common: Common, *, role: str | None) -> None:
    """Give the running node its own settings again, with what conf file, environment and flags say now over them."""
    voice = session.reference_voice(common)
    prefix = session.place(common, role=role)
    under = session.environment_of(common, role=role)
    settings = session.load(common, voice, role=role_of_running(common, role), under=under)
    from gwctl.node import lifecycle

    lifecycle.reload(prefix, settings, say=voice.say)


def health(common: Common, *, role: str | None, output: Format | None) -> int:
    """Say whether the node of these settings runs: the reference's lines, or data when ``output`` is given."""
    voice = session.reference_voice(common) if output is None else session.data_voice(common.verbosity)
    prefix = session.place(common, role=role)
    from gwctl.node import lifecycle

    health = lifecycle.health(prefix)
    if output is None:
        for line in _health_lines(health):
            voice.say(line)
        return 0
    show_data({**asdict(health), "prefix": str(health.prefix)}, output)
    return 0 if health.running and all(health.services.values()) else 1


def _health_lines(health: Health) -> list[str]:
    if not health.running:
        raise GwctlError(f"Kong is not running at {health.prefix}")
    if not all(health.services.values()):
        waiting = ", ".join(name for name, ready in health.services.items() if not ready)
        raise GwctlError(
            f"some services are not running at {health.prefix}",
            hint=f"{waiting}: see {health.prefix / 'logs' / 'error.log'}",
        )
    return ["nginx.......running", "", f"Kong is healthy at {health.prefix}"]
