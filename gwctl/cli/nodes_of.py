"""Starting, stopping, reloading and asking nodes: what ``gwctl cp``, ``gwctl dp`` and the reference commands share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from gwctl.cli import session
from gwctl.cli.options import Common
from gwctl.cli.voice import Voice

Daemon = Annotated[bool, typer.Option("--daemon", help="Go to the background once ready.", show_default=False)]
Timeout = Annotated[
    float, typer.Option("-t", "--timeout", metavar="SECONDS", help="How long requests in flight may take.")
]


def start(common: Common, *, role: str | None, daemon: bool | None, flags: Mapping[str, str] | None = None) -> int:
    """Start the node of these settings. ``daemon`` None leaves it to the settings."""
    voice = session.reference_voice(common)
    settings = session.load(common, voice, role=role, flags=flags)
    from gwctl.node import lifecycle

    return lifecycle.start(settings, daemon=settings.flag("nginx_daemon") if daemon is None else daemon, say=voice.say)


def stop(common: Common, *, role: str | None, graceful: bool = True, timeout: float = 10.0, wait: float = 0.0) -> None:
    voice = session.reference_voice(common)
    prefix = session.place(common, role=role)
    from gwctl.node import lifecycle

    lifecycle.stop(prefix, graceful=graceful, timeout=timeout, wait=wait, say=voice.say)


def reload(common: Common, *, role: str | None) -> None:
    voice = session.reference_voice(common)
    prefix = session.place(common, role=role)
    from gwctl.node import lifecycle

    settings = session.load(common, voice, role=role)
    lifecycle.reload(prefix, settings, say=voice.say)


def health(common: Common, *, role: str | None) -> None:
    voice = session.reference_voice(common)
    prefix = session.place(common, role=role)
    from gwctl.node import lifecycle

    say_health(voice, lifecycle.health(prefix))


def say_health(voice: Voice, health: object) -> None:
    raise NotImplementedError
