"""Responses for slow clients: taken over from the upstream, so that its connection is free (proxy.md 2.5)."""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from typing import IO, TypeVar

from gwctl.engine.http1.codec import END, End, Framing
from gwctl.engine.proxy.exchange import Exchange
from gwctl.engine.proxy.sending import Sending

T = TypeVar("T")

_log = logging.getLogger("gwctl.engine")

MEMORY_BYTES = 64 * 1024
FILE_BYTES = 1024 * 1024 * 1024
_PIECE = 64 * 1024


class Spool:
    """Bytes in order between one task that puts and one that takes: a little in memory, the rest in an unnamed
    temporary file. ``put`` waits when both are full, or when the disk is."""

    def __init__(self, executor: Executor, most_file: int = FILE_BYTES) -> None:
        self._executor = executor
        self._most_file = most_file
        self._memory: deque[bytes] = deque()
        self._size = 0
        self._file: IO[bytes] | None = None
        self._written = 0
        self._read = 0
        self._fault: BaseException | None = None
        self._ended = False
        self._changed = asyncio.Event()

    async def put(self, data: bytes) -> None:
        """Keep ``data`` behind everything that was put before."""
        while True:
            if self._read == self._written:
                self._read = self._written = 0
                if not self._memory or self._size + len(data) <= MEMORY_BYTES:
                    self._memory.append(data)
                    self._size += len(data)
                    self._changed.set()
                    return
            if self._written + len(data) > self._most_file:
                await self._change()
            elif await self._store(data):
                return

    async def take(self) -> bytes:
        """The next bytes, none at the end. Raises what ``end`` was given, once everything before it was taken."""
        while True:
            if self._memory:
                data = b"".join(self._memory)
                self._memory.clear()
                self._size = 0
            elif self._file is not None and self._read < self._written:
                data = await self._load(self._file)
                self._read += len(data)
            elif self._ended:
                if self._fault is not None:
                    raise self._fault
                return b""
            else:
                await self._change()
                continue
            self._changed.set()
            return data

    def end(self, fault: BaseException | None) -> None:
        """Nothing more will be put."""
        self._ended = True
        self._fault = fault
        self._changed.set()

    def close(self) -> None:
        """Drop what is left."""
        self._memory.clear()
        if self._file is not None:
            self._file.close()

    async def _change(self) -> None:
        # both tasks wait for one event; who finds nothing for itself goes on waiting
        self._changed.clear()
        await self._changed.wait()

    async def _store(self, data: bytes) -> bool:
        try:
            if self._file is None:
                await self._apart(self._open)
            if self._file is not None:
                await self._apart(_write, self._file.fileno(), data, self._written)
        except OSError as error:
            _log.error("a response for a slow client cannot be kept in a temporary file: %s", error.strerror)
            self._most_file = 0
            return False
        self._written += len(data)
        self._changed.set()
        return True

    def _open(self) -> None:
        self._file = _new_file()

    async def _load(self, file: IO[bytes]) -> bytes:
        size = min(_PIECE, self._written - self._read)
        return await self._apart(os.pread, file.fileno(), size, self._read)

    async def _apart(self, work: Callable[..., T], *arguments: object) -> T:
        """Run ``work`` in the executor. A thread cannot be stopped: also who is cancelled waits until it has let go of
        the file, which may be closed then."""
        job = asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            await asyncio.wait([job])
            raise


def _new_file() -> IO[bytes]:
    return tempfile.TemporaryFile(buffering=0)


def _write(file: int, data: bytes, place: int) -> None:
    view = memoryview(data)
    while view:
        done = os.pwrite(file, view, place)
        view, place = view[done:], place + done


async def spooled(
    exchange: Exchange, sending: Sending, framing: Framing, first: bytes | End | None, received: Callable[[], None]
) -> None:
    """Pass the rest of the body on, ``first`` before what is still to be read, at the speeds of both sides. Calls
    ``received`` when the upstream has sent all of it. Raises like reading the body and like ``Downstream.flush``."""
    client = exchange.client
    spool = Spool(exchange.runtime.executor)
    filling = asyncio.create_task(_fill(spool, sending, first, received), name="response of a slow client")
    try:
        await client.flush()
        while data := await spool.take():
            client.write(b"%x\r\n%b\r\n" % (len(data), data) if framing is Framing.CHUNKED else data)
            exchange.body_bytes += len(data)
            await client.flush()
    finally:
        # not awaited: this task may be cancelled once more
        filling.add_done_callback(lambda _: spool.close())
        filling.cancel()


async def _fill(spool: Spool, sending: Sending, first: bytes | End | None, received: Callable[[], None]) -> None:
    try:
        piece = first
        while piece is not END:
            if piece is not None:
                await spool.put(piece)
            piece = await sending.upstream.body()
        received()
    except Exception as error:
        spool.end(error)
    else:
        spool.end(None)
