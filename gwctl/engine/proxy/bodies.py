"""Request bodies on their way upstream: kept in memory, in a temporary file, or passed through as they come."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import IO, Protocol, TypeVar

from gwctl.engine.http1.codec import END, End, Field, Framing
from gwctl.engine.wire import Wire

MEMORY_BYTES = 128 * 1024
_PIECE = 64 * 1024
_ARRIVED_PIECES = 16

T = TypeVar("T")


class NotKept(Exception):
    """The temporary file for a body cannot be made or written; says what the system said."""


class BodySource(Protocol):
    """The client's side of a body."""

    @property
    def trailers(self) -> Sequence[Field]:
        """The fields behind the body, once END was given."""
        ...

    def ready(self) -> bytes | End | None:
        """What has already arrived, None when nothing has. Raises BadRequest."""
        ...

    async def next(self) -> bytes | End:
        """The next piece or END. Raises BadRequest, ClientTimeout and ClientGone."""
        ...


class Body(Protocol):
    """A body as the request writer sees it.

    ``inline`` goes out with the head; when ``streams``, ``pump`` sends the rest. A ``replayable`` body can go again.
    """

    @property
    def framing(self) -> Framing: ...
    @property
    def length(self) -> int | None: ...
    @property
    def inline(self) -> bytes: ...
    @property
    def streams(self) -> bool: ...
    @property
    def replayable(self) -> bool: ...

    async def pump(self, upstream: Wire, write_seconds: float) -> None:
        """Send what follows ``inline``. Raises TimeoutError when the upstream does not take it."""
        ...

    def close(self) -> None: ...


class MemoryBody:
    """A whole body in memory; ``length`` is None for a request that had none at all."""

    framing = Framing.LENGTH
    replayable = True

    def __init__(self, data: bytes, length: int | None) -> None:
        self._data = data
        self.length = length
        self.streams = len(data) > _PIECE
        self.inline = b"" if self.streams else data

    async def pump(self, upstream: Wire, write_seconds: float) -> None:
        for start in range(0, len(self._data), _PIECE):
            upstream.write(self._data[start : start + _PIECE])
            await upstream.drain(write_seconds)

    def close(self) -> None:
        self._data = b""


class FileBody:
    """A whole body in an unnamed temporary file, read and written in ``executor``.

    Reads name their place: one of a try that was given up may still be under way when the next try begins.
    """

    framing = Framing.LENGTH
    replayable = True
    streams = True
    inline = b""

    def __init__(self, file: IO[bytes], length: int, executor: Executor) -> None:
        self._file = file
        self.length = length
        self._executor = executor

    async def pump(self, upstream: Wire, write_seconds: float) -> None:
        loop = asyncio.get_running_loop()
        for start in range(0, self.length, _PIECE):
            piece = await loop.run_in_executor(self._executor, self._read, start)
            upstream.write(piece)
            await upstream.drain(write_seconds)

    def _read(self, start: int) -> bytes:
        return os.pread(self._file.fileno(), _PIECE, start)

    def close(self) -> None:
        self._file.close()


class StreamBody:
    """A body that is passed on while it arrives; once it has begun it cannot be sent again. ``trailers`` makes the
    lines that follow its last chunk out of the fields that the client sent there; None sends none."""

    inline = b""
    streams = True

    def __init__(
        self,
        source: BodySource,
        first: bytes,
        framing: Framing,
        length: int | None,
        trailers: Callable[[Sequence[Field]], bytes] | None = None,
    ) -> None:
        self._source = source
        self._trailers = trailers
        self._first = first
        self._begun = False
        self.framing = framing
        self.length = length

    @property
    def replayable(self) -> bool:
        return not self._begun

    async def pump(self, upstream: Wire, write_seconds: float) -> None:
        self._begun = True
        chunked = self.framing is Framing.CHUNKED
        piece: bytes | End = self._first or await self._source.next()
        while piece is not END:
            upstream.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            await upstream.drain(write_seconds)
            piece = await self._source.next()
        if chunked:
            lines = self._trailers(self._source.trailers) if self._trailers is not None else b""
            upstream.write(b"0\r\n%b\r\n" % lines)

    def close(self) -> None:
        self._first = b""


def arrived(source: BodySource) -> tuple[bytes, bool]:
    """What has arrived of a body, as far as it is read without delay, and whether that is all. Raises BadRequest."""
    pieces: list[bytes] = []
    while len(pieces) < _ARRIVED_PIECES:
        piece = source.ready()
        if piece is None or piece is END:
            return b"".join(pieces), piece is END
        pieces.append(piece)
    return b"".join(pieces), False


async def buffered(source: BodySource, first: bytes, executor: Executor) -> Body:
    """The whole body: the first MEMORY_BYTES in memory, a longer one in a file.

    Raises like ``BodySource.next``, and NotKept when the file cannot be made or written.
    """
    pieces: list[bytes] = [first]
    size = len(first)
    while size <= MEMORY_BYTES:
        piece = await source.next()
        if piece is END:
            return MemoryBody(b"".join(pieces), size)
        pieces.append(piece)
        size += len(piece)
    return await _spooled(source, pieces, executor)


async def _spooled(source: BodySource, pieces: list[bytes], executor: Executor) -> Body:
    file: IO[bytes] = await _kept(executor, tempfile.TemporaryFile)
    size = 0
    try:
        while True:
            data = b"".join(pieces)
            await _kept(executor, file.write, data)
            size += len(data)
            pieces, ended = await _some(source)
            if ended:
                data = b"".join(pieces)
                await _kept(executor, _finish, file, data)
                return FileBody(file, size + len(data), executor)
    except BaseException:
        with contextlib.suppress(OSError):  # what a full disk did not take is tried again by closing
            file.close()
        raise


async def _kept(executor: Executor, work: Callable[..., T], *arguments: bytes | IO[bytes]) -> T:
    """A step of work on the file. Raises NotKept."""
    try:
        return await asyncio.get_running_loop().run_in_executor(executor, work, *arguments)
    except OSError as error:
        raise NotKept(error.strerror) from error


async def _some(source: BodySource) -> tuple[list[bytes], bool]:
    """About a _PIECE of the body, and whether that was the end of it. Raises like ``BodySource.next``."""
    pieces: list[bytes] = []
    size = 0
    while size < _PIECE:
        piece = await source.next()
        if piece is END:
            return pieces, True
        pieces.append(piece)
        size += len(piece)
    return pieces, False


def _finish(file: IO[bytes], data: bytes) -> None:
    file.write(data)
    file.flush()
