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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gwctl.kit.errors import GwctlError
from gwctl.node import identity
from gwctl.node.forkspawn import Spawned, spawn_fork_server
from gwctl.node.launch import Inherited, Launch, Sources
from gwctl.node.linux import raise_file_limit
from gwctl.node.prefix import NodeLock, PrefixDirectory
from gwctl.node.roles import plan_for
from gwctl.observe import logs
from gwctl.settings import Settings, Surroundings

if TYPE_CHECKING:
    from gwctl.node.supervisor import Supervisor

_OURS = ("GWCTL_", "KONG_")

_log = logging.getLogger("gwctl.node")


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a supervisor begins with. Its fork server starts with it, while the supervisor loads the rest of itself."""

    settings: Settings
    prefix: PrefixDirectory
    lock: NodeLock
    node_id: str
    sources: Sources
    forks: Spawned
    error_log: Path | None = None
    inherited: Sequence[Inherited] = ()
    takeover: bool = False

    def supervisor(self) -> Supervisor:
        """To be called in the event loop it will live in."""
        from gwctl.node.generation import NodeIdentity
        from gwctl.node.sockets import Address, ListenSockets
        from gwctl.node.supervisor import Place, Supervisor

        sockets = ListenSockets()
        for item in self.inherited:
            sockets.adopt(Address(item.family, item.ip, item.port), socket.socket(fileno=item.descriptor))
        place = Place(
            prefix=self.prefix,
            lock=self.lock,
            identity=NodeIdentity(self.node_id, identity.hostname()),
            error_log=self.error_log,
            load=lambda: reread(self.prefix, self.sources),
            plan_for=plan_for,
            sources=self.sources,
        )
        return Supervisor(self.settings, place, sockets=sockets, forks=self.forks, takeover=self.takeover)


def _begin(settings: Settings, error_log: Path | None) -> Spawned:
    """The first steps of a supervisor; children inherit the file limit."""
    logs.configure(settings.text("log_level") or "notice", error_log, "supervisor")
    raise_file_limit()
    return spawn_fork_server(plan_for(settings).modules)


def foreground(settings: Settings, prefix: PrefixDirectory, lock: NodeLock, node_id: str) -> int:
    """Be the node until it is told to stop; returns the exit code. Raises the error of a start that failed."""
    beginning = Beginning(settings, prefix, lock, node_id, Sources.of(settings), _begin(settings, None))
    identity.tell_kept(settings, prefix, node_id)
    failures: list[GwctlError] = []

    def started(error: GwctlError | None) -> None:
        if error is not None:
            failures.append(error)

    async def live() -> int:
        return await beginning.supervisor().run(started)

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
    reply = socket.socket(fileno=launch.reply)
    for descriptor in (launch.lock, launch.reply, *(item.descriptor for item in launch.sockets)):
        os.set_inheritable(descriptor, False)
    error_log = Path(launch.error_log) if launch.error_log else None
    beginning = Beginning(
        settings,
        prefix,
        NodeLock(launch.lock, prefix.lock_file),
        launch.node_id,
        launch.sources,
        _begin(settings, error_log),
        error_log,
        launch.sockets,
        launch.takeover,
    )
    identity.tell_kept(settings, prefix, launch.node_id)

    async def live() -> int:
        supervisor = beginning.supervisor()
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
