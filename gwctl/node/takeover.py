"""SIGUSR2: a supervisor of the installed version takes over the listeners (hybrid.md 3.2).

The old supervisor keeps the prefix's lock together with the new one, hands over every listening socket and renames its
pid file. When the new one is ready, the old one's processes finish what they have and end; the old supervisor itself
stays for a while, to bring them back should its successor die. It ends on SIGQUIT, with its successor, or when that has
lived for ``SETTLE_SECONDS``.

The successor says one JSON object per line on the connection it was given: ``{}`` when it is ready, ``{"error"…}`` when
it cannot start, ``{"stopping": true}`` before it ends on purpose.
"""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

from gwctl.node.launch import Inherited, Launch, Sources, pair, spawn
from gwctl.node.sockets import ListenSockets
from gwctl.observe.logs import NOTICE

READY_SECONDS = 60.0
SETTLE_SECONDS = 60.0

_log = logging.getLogger("gwctl.node")


class Outcome(Enum):
    """What became of the successor: it is the node now (``SETTLED``), ended on purpose, or is of no use."""

    SETTLED = auto()
    STOPPED = auto()
    DIED = auto()


@dataclass(frozen=True, slots=True)
class Succession:
    """What a successor is told beside its sockets."""

    prefix: Path
    lock: int
    node_id: str
    error_log: Path | None
    sources: Sources


class Successor:
    """A supervisor that was started to take over."""

    def __init__(
        self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.pid = process.pid
        self._process = process
        self._reader = reader
        self._writer = writer

    @classmethod
    async def start(cls, succession: Succession, sockets: ListenSockets) -> Successor:
        ours, theirs = pair()
        inherited = [
            Inherited(address.family, address.ip, address.port, sock.fileno()) for address, sock in sockets.all()
        ]
        launch = Launch(
            prefix=str(succession.prefix),
            lock=succession.lock,
            reply=theirs.fileno(),
            node_id=succession.node_id,
            error_log=str(succession.error_log or ""),
            sources=succession.sources,
            takeover=True,
            sockets=inherited,
        )
        with theirs:
            descriptors = [succession.lock, theirs.fileno(), *(item.descriptor for item in inherited)]
            process = spawn(launch, descriptors, succession.error_log)
        ours.setblocking(False)
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        return cls(process, reader, writer)

    async def ready(self) -> bool:
        """Wait until it serves; False, with the reason logged and the process gone, when it does not."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                told = await self._hear()
        except TimeoutError:
            told = {"error": f"it was not ready within {READY_SECONDS:g} seconds"}
        if told is not None and "error" not in told:
            _log.log(NOTICE, "supervisor %d has taken over", self.pid)
            return True
        reason = told["error"] if told is not None else "it ended"
        _log.error("supervisor %d could not take over, this one goes on: %s", self.pid, reason)
        self.discard()
        return False

    async def outcome(self, *, forever: bool) -> Outcome:
        """How it fares in its first minute, or however long it lives."""
        try:
            async with asyncio.timeout(None if forever else SETTLE_SECONDS):
                told = await self._hear()
        except TimeoutError:
            return Outcome.SETTLED
        if told is not None and told.get("stopping"):
            return Outcome.STOPPED
        _log.error("supervisor %d died, this one goes on in its place", self.pid)
        self.discard()
        return Outcome.DIED

    async def _hear(self) -> dict[str, Any] | None:
        try:
            line = await self._reader.readline()
        except ConnectionError:
            return None
        return json.loads(line) if line else None

    def discard(self) -> None:
        """Make sure that it is gone."""
        self._process.kill()
        self._process.wait()
        self._writer.close()

    def release(self) -> None:
        """Let it live on alone."""
        self._process.returncode = 0
        self._writer.close()
