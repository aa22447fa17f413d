"""An upstream that says what it received: ``{"method", "path", "headers", "body", "name"}``.

``/slow/<seconds>`` answers late, ``/bytes/<n>`` answers n bytes, ``/drip/<n>`` sends n bytes one by one,
``/code/<n>`` answers that status.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass

from tests.tools.loop import LoopThread


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes


class Upstream:
    """Listens on a free port of 127.0.0.1 (or a given one) while used as a context; ``received`` keeps count."""

    def __init__(self, name: str = "upstream", port: int = 0) -> None:
        self.name = name
        self.port = port
        self.received = 0
        self._loop = LoopThread(f"upstream {name}")

    def __enter__(self) -> Upstream:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._server = self._loop.call(self._listen())

    def close(self) -> None:
        self._server.close()
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await _read_request(reader)) is not None:
                self.received += 1
                await self._answer(request, writer)
                if ("connection", "close") in [(name.lower(), value.lower()) for name, value in request.headers]:
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went, or the test ends
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, request: Received, writer: asyncio.StreamWriter) -> None:
        words = request.path.partition("?")[0].strip("/").split("/")
        kind, number = (words[-2], words[-1]) if len(words) >= 2 else ("", "")
        if kind == "slow":
            await asyncio.sleep(float(number))
        if kind == "drip":
            await self._drip(int(number), writer)
            return
        status = int(number) if kind == "code" else 200
        body = b"x" * int(number) if kind == "bytes" else self._report(request)
        head = f"HTTP/1.1 {status} Answer\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + (b"" if request.method == "HEAD" else body))
        await writer.drain()

    async def _drip(self, size: int, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 Answer\r\nContent-Length: {size}\r\n\r\n".encode())
        for _ in range(size):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    def _report(self, request: Received) -> bytes:
        return json.dumps(
            {
                "name": self.name,
                "method": request.method,
                "path": request.path,
                "headers": request.headers,
                "body": request.body.decode(errors="replace"),
            }
        ).encode()


async def _read_request(reader: asyncio.StreamReader) -> Received | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    line, *rest = head.decode("latin-1").split("\r\n")[:-2]
    method, path, _ = line.split(" ")
    headers = [(name, value.strip()) for name, _, value in (text.partition(":") for text in rest)]
    known = {name.lower(): value for name, value in headers}
    if known.get("transfer-encoding", "").lower() == "chunked":
        body = await _read_chunks(reader)
    else:
        body = await reader.readexactly(int(known.get("content-length", "0")))
    return Received(method, path, headers, body)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    while (await reader.readline()).strip():
        pass
    return b"".join(parts)
