"""An upstream that answers every request at once with 200 bytes, on the port it is given."""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop

_FIELDS = (
    b"Content-Type: application/json",
    b"Cache-Control: no-cache",
    b'ETag: "5f2b"',
    b"Vary: Accept-Encoding",
    b"X-Frame-Options: DENY",
    b"Server: bench",
    b"Date: Sat, 31 Jan 2026 12:00:00 GMT",
    b"Content-Length: 200",
)
ANSWER = b"HTTP/1.1 200 OK\r\n" + b"".join(field + b"\r\n" for field in _FIELDS) + b"\r\n" + b"x" * 200


class Answering(asyncio.Protocol):
    """Counts the ends of heads; requests have no bodies."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        *heads, self._rest = (self._rest + data).split(b"\r\n\r\n")
        if heads:
            self._transport.write(ANSWER * len(heads))


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", port, backlog=1024)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
