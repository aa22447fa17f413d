"""Runs a supervisor: in the calling process for a node in the foreground, or as ``python -m gwctl.node.supervise
LAUNCH``."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Any

from gwctl.kit.errors import GwctlError
from gwctl.node import identity
from gwctl.node.generation import NodeIdentity
from gwctl.node.launch import Launch, Sources
from gwctl.node.prefix import NodeLock, PrefixDirectory
from gwctl.node.roles import plan_for
from gwctl.node.sockets import Address, ListenSockets
from gwctl.node.supervisor import Supervisor
from gwctl.observe import logs
from gwctl.settings import Settings, Surroundings

_OURS = ("GWCTL_", "KONG_")

_log = logging.getLogger("gwctl.node")


def foreground(settings: Settings, prefix: PrefixDirectory, lock: NodeLock, node_id: str) -> int:
    """Be the node until it is told to stop; returns the exit code. Raises the error of a start that failed."""
    logs.configure(settings.text("log_level") or "notice", None, "supervisor")
    identity.tell_kept(settings, prefix, node_id)
    failures: list[GwctlError] = []
    sources = Sources.of(settings)

    def started(error: GwctlError | None) -> None:
        if error is not None:
            failures.append(error)

    async def live() -> int:
        node = NodeIdentity(node_id, identity.hostname())
        supervisor = Supervisor(
            settings,
            prefix,
            lock,
            node,
            sockets=ListenSockets(),
            error_log=None,
            load=lambda: reread(prefix, sources),
            sources=sources,
            plan_for=plan_for,
        )
        return await supervisor.run(started)

    code = asyncio.run(live())
    if failures:
        raise failures[0]
    return code


def reread(prefix: PrefixDirectory, sources: Sources) -> Settings:
    """Settings for a reload: what a ``reload`` command left for the node, else its sources read again.

    Raises SettingsError.
    """
    if prefix.next_environment.exists():
        try:
            return handed_over(prefix.next_environment)
        finally:
            prefix.next_environment.unlink(missing_ok=True)
    under = prefix.environment if prefix.environment.exists() else None
    place = Path(sources.conf) if sources.conf else prefix.environment
    return Settings.load(
        conf=place,
        environ=os.environ,
        flags=sources.flags,
        under=under,
        surroundings=Surroundings(cwd=Path(sources.directory)),
    )


def handed_over(path: Path) -> Settings:
    """Settings that were written whole: the variables of this process do not change them."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return Settings.load(conf=path, environ=environ)


def launched(launch: Launch) -> int:
    """Be the node that ``launch`` describes."""
    prefix = PrefixDirectory(Path(launch.prefix))
    settings = handed_over(prefix.environment)
    error_log = Path(launch.error_log) if launch.error_log else None
    logs.configure(settings.text("log_level") or "notice", error_log, "supervisor")
    identity.tell_kept(settings, prefix, launch.node_id)
    sockets = ListenSockets()
    for item in launch.sockets:
        sockets.adopt(Address(item.family, item.ip, item.port), socket.socket(fileno=item.descriptor))
    reply = socket.socket(fileno=launch.reply)
    for descriptor in (launch.lock, launch.reply, *(item.descriptor for item in launch.sockets)):
        os.set_inheritable(descriptor, False)

    async def live() -> int:
        supervisor = Supervisor(
            settings,
            prefix,
            NodeLock(launch.lock, prefix.lock_file),
            NodeIdentity(launch.node_id, identity.hostname()),
            sockets=sockets,
            error_log=error_log,
            load=lambda: reread(prefix, launch.sources),
            sources=launch.sources,
            plan_for=plan_for,
            takeover=launch.takeover,
        )
        if not launch.takeover:
            asyncio.get_running_loop().add_reader(reply, abandoned, supervisor)
        return await supervisor.run(started)

    def abandoned(supervisor: Supervisor) -> None:
        asyncio.get_running_loop().remove_reader(reply)
        _log.warning("the start was interrupted")
        supervisor.stop(0.0)

    def started(error: GwctlError | None) -> None:
        _say(reply, {} if error is None else {"error": error.message, "hint": error.hint, "code": error.code})
        if not launch.takeover:
            asyncio.get_running_loop().remove_reader(reply)
            reply.close()

    code = asyncio.run(live())
    _say(reply, {"stopping": True})
    return code


def _say(reply: socket.socket, body: dict[str, Any]) -> None:
    """One line to whoever started us, who need not be there any more."""
    with contextlib.suppress(OSError):
        reply.sendall(json.dumps(body).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(launched(Launch.decode(sys.argv[1])))
