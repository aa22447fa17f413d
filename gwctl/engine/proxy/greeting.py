"""Listeners whose clients say something before HTTP: a PROXY header, a TLS handshake, or both in this order."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Callable

from gwctl.engine.proxy.preamble import Announced, BadPreamble, read_preamble
from gwctl.kit.tasks import Tasks

_log = logging.getLogger("gwctl.engine")

_HANDSHAKE = b"\x16"
_NO_FILES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_PAUSE_SECONDS = 1.0


class GreetingServer:
    """Accepts on ``sock`` until it is closed. With ``context`` clients speak TLS; with ``preamble`` each connection
    must begin with a PROXY header.

    ``connect`` makes the protocol of a connection. Its first argument is False when the connection has no TLS: the
    first byte of a client says whether it speaks TLS at all, and one that does not can be told so. The second is what
    the PROXY header said. ``admit`` is asked before each connection is taken, ``greeted`` called when its greeting is
    over. ``silence`` and ``handshake`` bound, in seconds, the wait for the first byte of a handshake, and a handshake
    or a PROXY header.
    """

    def __init__(
        self,
        sock: socket.socket,
        context: ssl.SSLContext | None,
        *,
        connect: Callable[[bool, Announced | None], asyncio.Protocol],
        admit: Callable[[], bool],
        greeted: Callable[[], None],
        silence: float,
        handshake: float,
        preamble: bool = False,
    ) -> None:
        self._sock = sock
        self._context = context
        self._connect = connect
        self._admit = admit
        self._greeted = greeted
        self._silence = silence
        self._handshake = handshake
        self._preamble = preamble
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
            announced = None
            if self._preamble:
                async with asyncio.timeout(self._handshake):
                    announced = await read_preamble(self._loop, sock)
            await self._meet(sock, announced)
        except (OSError, ssl.SSLError, TimeoutError, BadPreamble) as error:
            _log.info("no connection with a client: %s", error or "it was too slow")
            sock.close()
        except BaseException:
            sock.close()
            raise

    def _met(self, _: asyncio.Task[None]) -> None:
        self._greeting -= 1
        self._greeted()

    async def _meet(self, sock: socket.socket, announced: Announced | None) -> None:
        loop, context = self._loop, self._context
        if context is None:
            await loop.connect_accepted_socket(lambda: self._connect(False, announced), sock)
            return
        async with asyncio.timeout(self._silence):
            first = await _first_byte(loop, sock)
        if first == _HANDSHAKE:
            await loop.connect_accepted_socket(
                lambda: self._connect(True, announced), sock, ssl=context, ssl_handshake_timeout=self._handshake
            )
        elif first:
            await loop.connect_accepted_socket(lambda: self._connect(False, announced), sock)
        else:
            sock.close()


async def _first_byte(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> bytes:
    """The first byte that the peer sent, which stays in its place; none at the end."""
    readable = asyncio.Event()
    loop.add_reader(sock, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(sock)
    return sock.recv(1, socket.MSG_PEEK)
