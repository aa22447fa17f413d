"""Process bodies without a gateway: enough to see how the supervisor treats its children."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gwctl.kit.accepting import let_accepted_appear
from gwctl.kit.errors import GwctlError
from gwctl.node.bus import Link
from gwctl.node.messages import Available, Message, Swapped
from gwctl.node.plan import Assignment


class StubWorker:
    """Answers each connection with its pid, slot and served version; obeys words in the first line.

    ``stall`` blocks the loop for ever, ``slow`` answers after 0.5 s and leaves a file of that name when it begins.
    """

    def __init__(self, assignment: Assignment, sockets: Sequence[socket.socket]) -> None:
        self._assignment = assignment
        self._sockets = sockets
        self._servers: list[asyncio.Server] = []
        self._active: set[asyncio.Task[None]] = set()
        self._version = 0
        self._bus: Link | None = None

    async def start(self, bus: Link) -> None:
        self._bus = bus
        marker = self._assignment.settings.prefix / "worker-fails"
        if marker.exists():
            raise GwctlError(marker.read_text(), hint="remove the marker")
        if (self._assignment.settings.prefix / "worker-crashes").exists():
            os._exit(3)
        self._version = _stored(self._assignment)
        bus.send(Swapped("L", self._version, f"{self._version:032x}", self._version))
        for sock in self._sockets:
            self._servers.append(await asyncio.start_server(self._serve, sock=sock))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._active.add(task)
        try:
            line = await reader.readline()
            if b"stall" in line:
                time.sleep(600)
            if b"slow" in line:
                (self._assignment.settings.prefix / "slow").touch()
                await asyncio.sleep(0.5)
            writer.write(f"{os.getpid()} {self._assignment.slot} {self._version}\n".encode())
            await writer.drain()
            writer.close()
        except ConnectionError:
            pass
        finally:
            self._active.discard(task)

    async def receive(self, message: Message) -> None:
        if isinstance(message, Available) and self._bus is not None:
            self._version = message.number
            self._bus.send(Swapped(message.lineage, message.number, message.digest, message.records))

    def stats(self) -> dict[str, Any]:
        return {"memory": 1, "first": self._assignment.first}

    def reopen(self) -> None: ...

    async def finish(self, seconds: float) -> None:
        for server in self._servers:
            server.close()
        await let_accepted_appear()
        if self._active and seconds:
            await asyncio.wait(self._active, timeout=seconds)


class StubAgent:
    """Keeps a number in a file; SIGUSR1-like growth: it announces the number whenever the file ``number`` changes."""

    def __init__(self, assignment: Assignment, sockets: Sequence[socket.socket]) -> None:
        self._assignment = assignment
        self._told = -1
        self._acknowledged = -1
        self._task: asyncio.Task[None] | None = None

    async def start(self, bus: Link) -> None:
        self._tell(bus)
        self._task = asyncio.create_task(self._follow(bus))

    async def _follow(self, bus: Link) -> None:
        while True:
            await asyncio.sleep(0.01)
            self._tell(bus)

    def _tell(self, bus: Link) -> None:
        number = _stored(self._assignment)
        if number != self._told:
            self._told = number
            bus.send(Available("L", number, f"{number:032x}", number))

    async def receive(self, message: Message) -> None:
        if isinstance(message, Swapped):
            self._acknowledged = message.number

    def stats(self) -> dict[str, Any]:
        return {"acknowledged": self._acknowledged}

    def reopen(self) -> None: ...

    async def finish(self, seconds: float) -> None:
        if self._task is not None:
            self._task.cancel()


def _stored(assignment: Assignment) -> int:
    path = Path(assignment.settings.prefix) / "number"
    return int(path.read_text()) if path.exists() else 0


def body(assignment: Assignment, sockets: Sequence[socket.socket]) -> StubWorker | StubAgent:
    return StubAgent(assignment, sockets) if assignment.kind == "agent" else StubWorker(assignment, sockets)
