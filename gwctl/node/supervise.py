"""Runs a supervisor: in the calling process for a node in the foreground, or as ``python -m gwctl.node.supervise
LAUNCH``."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from gwctl.kit.errors import GwctlError
from gwctl.node import identity
from gwctl.node.launch import Launch, sources
from gwctl.node.prefix import NodeLock, PrefixDirectory
from gwctl.node.roles import plan_for
from gwctl.node.sockets import Address, ListenSockets
from gwctl.node.supervisor import NodeIdentity, Supervisor
from gwctl.observe import logs
from gwctl.settings import Settings

_OURS = ("GWCTL_", "KONG_")


def foreground(settings: Settings, prefix: PrefixDirectory, lock: NodeLock, node_id: str) -> int:
    """Be the node until it is told to stop; returns the exit code. Raises the error of a start that failed."""
    logs.configure(settings.text("log_level") or "notice", None, "supervisor")
    failures: list[GwctlError] = []
    conf, flags = sources(settings)

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
            load=lambda: reread(prefix, conf, flags),
            plan_for=plan_for,
        )
        return await supervisor.run(started)

    code = asyncio.run(live())
    if failures:
        raise failures[0]
    return code


def reread(prefix: PrefixDirectory, conf: str, flags: dict[str, str]) -> Settings:
    """Settings for a reload: what a ``reload`` command left for the node, else its sources read again.

    Raises SettingsError.
    """
    if prefix.next_environment.exists():
        try:
            settings = handed_over(prefix.next_environment)
        finally:
            prefix.next_environment.unlink(missing_ok=True)
    else:
        under = prefix.environment if prefix.environment.exists() else None
        place = Path(conf) if conf and Path(conf).exists() else prefix.environment
        settings = Settings.load(conf=place, environ=os.environ, flags=flags, under=under)
    prefix.write_environment(settings.dump())
    return settings


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
            load=lambda: reread(prefix, launch.conf, launch.flags),
            plan_for=plan_for,
        )
        return await supervisor.run(_teller(reply))

    return asyncio.run(live())


def _teller(reply: socket.socket) -> Callable[[GwctlError | None], None]:
    def tell(error: GwctlError | None) -> None:
        body = {} if error is None else {"error": error.message, "hint": error.hint, "code": error.code}
        try:
            reply.sendall(json.dumps(body).encode() + b"\n")
        except OSError:
            return  # nobody waits for the answer any more
        finally:
            reply.close()

    return tell


if __name__ == "__main__":
    sys.exit(launched(Launch.decode(sys.argv[1])))
