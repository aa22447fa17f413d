"""Change processes seen from the api process: one at a time, their answers as they come.

The process inherits nothing but its order and the document. It is killed when its reader goes, which undoes whatever
it has not committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pickle
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import IO, Any

import orjson

from gwctl.changes.orders import Order
from gwctl.kit.errors import GwctlError

TURN_SECONDS = 60.0
"""How long an order waits for the one before it."""
NICENESS = 5
"""Other requests go first."""

_CHUNK = 64 * 1024
_LAST = (b'{"event":"done"', b'{"event":"failed"', b'{"event":"end"')

_log = logging.getLogger("gwctl.changes")


class Occupied(GwctlError):
    """Another order is being carried out for a long time already."""

    code = "occupied"


class ChangeProcesses:
    """Starts ``python -m module DOCUMENT``, which reads pickled (``payload``, order) from its standard input.

    DOCUMENT is the number of an open file, or ``-``.
    """

    def __init__(self, module: str, payload: Any) -> None:
        self._module = module
        self._payload = payload
        self._turn = asyncio.Lock()

    async def start(self, order: Order, document: IO[bytes] | None = None) -> Answer:
        """Raises Occupied when the order's turn does not come; OSError when no process can be made."""
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._turn.acquire()
        except TimeoutError:
            raise Occupied(
                "another changeset is being applied, nothing was changed", hint="try again when it is done"
            ) from None
        try:
            loop = asyncio.get_running_loop()
            process = await loop.run_in_executor(None, self._spawn, order, document)
            return await Answer.of(process, self._turn.release)
        except BaseException:
            self._turn.release()
            raise

    def _spawn(self, order: Order, document: IO[bytes] | None) -> subprocess.Popen[bytes]:
        descriptors = () if document is None else (document.fileno(),)
        name = "-" if document is None else str(document.fileno())
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", self._module, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=descriptors,
        )
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError), process.stdin as stdin:  # who reads its answer sees its end
                pickle.dump((self._payload, order), stdin)
        return process


class Answer:
    """What one process answers; ``close`` it in any case."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        reader: asyncio.StreamReader,
        transport: asyncio.BaseTransport,
        done: Any,
    ) -> None:
        self._process = process
        self._reader = reader
        self._transport = transport
        self._done = done
        self._closed = False

    @classmethod
    async def of(cls, process: subprocess.Popen[bytes], done: Any) -> Answer:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_CHUNK)
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), process.stdout)
        return cls(process, reader, transport, done)

    async def head(self) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer; with status 200 there is no body, but ``events``."""
        line = bytearray()
        while not line.endswith(b"\n"):
            try:
                line += await self._reader.readuntil(b"\n")
            except asyncio.LimitOverrunError as error:
                line += await self._reader.readexactly(error.consumed)
            except asyncio.IncompleteReadError:
                return 503, {"message": f"{await self._end()}; nothing was changed"}
        head = orjson.loads(line)
        return head["status"], head.get("body", {})

    async def events(self) -> AsyncIterator[bytes]:
        """The lines of the answer in pieces as they come. The last one is ``failed`` when the process breaks off."""
        last = b""
        while piece := await self._reader.read(_CHUNK):
            last = (last + piece)[-2 * _CHUNK :]
            yield piece
        line = last.rstrip(b"\n").rpartition(b"\n")[2]
        if not line.startswith(_LAST):
            text = f"{await self._end()}; everything was changed or nothing: compare again"
            broken = b"" if not last or last.endswith(b"\n") else b"\n"
            yield broken + orjson.dumps({"event": "failed", "error": {"message": text}}) + b"\n"

    async def _end(self) -> str:
        code = await asyncio.get_running_loop().run_in_executor(None, self._process.wait)
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        _log.error("the process that applies a changeset ended unexpectedly (%s)", how)
        return f"the process that applies the changeset ended unexpectedly ({how})"

    def close(self) -> None:
        """End the process unless it has ended, and let the next order begin."""
        if self._closed:
            return
        self._closed = True
        self._transport.close()
        if self._process.poll() is None:
            self._process.kill()
        asyncio.get_running_loop().run_in_executor(None, self._process.wait)
        self._done()
