"""Connections that carry messages between the processes of a node, over sockets."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from pathlib import Path
from typing import Protocol

from gwctl.node.messages import BadMessage, Decoder, Message, encode

_CHUNK = 65536


class Link(Protocol):
    """One end of a connection."""

    def send(self, message: Message) -> None:
        """Queue a message; never blocks. A message to a closed link is dropped: its reader hears of the end."""
        ...

    async def receive(self) -> Message | None:
        """The next message; None once the other end is gone."""
        ...

    def close(self) -> None: ...


class SocketLink:
    """A link over a connected stream socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = Decoder()
        self._waiting: list[Message] = []

    @classmethod
    async def adopt(cls, sock: socket.socket) -> SocketLink:
        sock.setblocking(False)
        reader, writer = await asyncio.open_unix_connection(sock=sock)
        return cls(reader, writer)

    def send(self, message: Message) -> None:
        if not self._writer.is_closing():
            self._writer.write(encode(message))

    async def receive(self) -> Message | None:
        while not self._waiting:
            try:
                data = await self._reader.read(_CHUNK)
            except ConnectionError:
                data = b""
            if not data:
                return None
            try:
                self._waiting = self._decoder.feed(data)
            except BadMessage:
                self.close()
                return None
        return self._waiting.pop(0)

    def close(self) -> None:
        self._writer.close()


class ShortPath:
    """The address of a unix socket at ``path`` for bind and connect, however long the prefix is.

    A socket address holds 107 bytes. A longer path is reached through a descriptor of its directory; use the address
    inside ``with``.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._directory = -1

    def __enter__(self) -> str:
        if len(os.fsencode(self._path)) <= 100:
            return str(self._path)
        self._directory = os.open(self._path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._directory}/{self._path.name}"

    def __exit__(self, *_: object) -> None:
        if self._directory >= 0:
            os.close(self._directory)


def listen_at(path: Path) -> socket.socket:
    """A listening unix socket at ``path``, for this user only; replaces one that is there. Raises OSError."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
        with ShortPath(fresh) as address:
            sock.bind(address)
        fresh.chmod(0o600)
        sock.listen(64)
        sock.setblocking(False)
        fresh.replace(path)
    except BaseException:
        sock.close()
        raise
    return sock


def connect_to(path: Path, timeout: float) -> socket.socket:
    """A blocking connection to the bus at ``path``. Raises OSError when nobody listens there."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    sock.settimeout(timeout)
    try:
        with ShortPath(path) as address:
            sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def ask(path: Path, question: Message, timeout: float) -> Message | None:
    """Ask the supervisor at ``path`` and wait for its answer (seconds); None when it does not give one. Raises
    OSError."""
    with connect_to(path, timeout) as sock:
        sock.sendall(encode(question))
        decoder = Decoder()
        while data := sock.recv(_CHUNK):
            for message in decoder.feed(data):
                return message
    return None
