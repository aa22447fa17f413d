"""Listeners whose clients say something before HTTP, and those on which that is a PROXY header."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from typing import Protocol

from gwctl.engine.proxy.preamble import Announced, BadPreamble, read_preamble
from gwctl.kit.tasks import Tasks

_log = logging.getLogger("gwctl.engine")

_NO_FILES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_PAUSE_SECONDS = 1.0


class Greeter(Protocol):
    """A listener whose connections belong to nobody at first."""

    @property
    def greeting(self) -> int:
        """Connections that have not finished their greeting."""
        ...

    def close(self) -> None:
        """Accept no more; greetings under way go on."""
        ...

    async def stop(self) -> None:
        """End greetings too."""
        ...


class GreetingServer:
    """Accepts on ``sock`` until it is closed; each connection must begin with a PROXY header.

    ``connect`` makes the protocol of a connection from what that said. ``admit`` is asked before each connection is
    taken, ``greeted`` called when its header was read. It may take ``seconds``.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        connect: Callable[[Announced | None], asyncio.Protocol],
        admit: Callable[[], bool],
        greeted: Callable[[], None],
        seconds: float,
    ) -> None:
        self._sock = sock
        self._connect = connect
        self._admit = admit
        self._greeted = greeted
        self._seconds = seconds
        self._greeting = 0
        self._tasks = Tasks(_log)
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._listen()

    @property
    def greeting(self) -> int:
        """Connections that have not finished their greeting."""
        return self._greeting

    def close(self) -> None:
        """Accept no more; handshakes under way go on."""
        self._rest()
        if self._pause is not None:
            self._pause.cancel()
        self._sock.close()

    async def stop(self) -> None:
        """End handshakes too."""
        self.close()
        await self._tasks.close()

    def _listen(self) -> None:
        self._loop.add_reader(self._sock, self._accept)

    def _rest(self) -> None:
        if self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock)

    def _accept(self) -> None:
        """Take one connection: who knocks without a pause must not keep the loop."""
        try:
            sock, _ = self._sock.accept()
        except OSError as error:
            if error.errno in _NO_FILES:
                _log.error("cannot accept connections: %s", error.strerror)
                self._rest()
                self._pause = self._loop.call_later(_PAUSE_SECONDS, self._listen)
            return  # otherwise the client went while it queued
        sock.setblocking(False)
        if self._admit():
            self._greeting += 1
            self._tasks.spawn("greeting", self._greet(sock)).add_done_callback(self._met)
        else:
            sock.close()

    async def _greet(self, sock: socket.socket) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                announced = await read_preamble(self._loop, sock)
            await self._loop.connect_accepted_socket(lambda: self._connect(announced), sock)
        except (OSError, TimeoutError, BadPreamble) as error:
            _log.info("no connection with a client: %s", error or "it was too slow")
            sock.close()
        except BaseException:
            sock.close()
            raise

    def _met(self, _: asyncio.Task[None]) -> None:
        self._greeting -= 1
        self._greeted()
