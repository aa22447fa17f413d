"""Nobody who was accepted is overlooked by a listener that closes."""

from __future__ import annotations

import asyncio
import socket

import pytest
import uvloop

from gwctl.kit.accepting import let_accepted_appear


class Known(asyncio.Protocol):
    def __init__(self, known: list[asyncio.BaseTransport]) -> None:
        self._known = known

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._known.append(transport)


@pytest.mark.parametrize("turns", range(6))
def test_who_was_accepted_is_known(turns: int) -> None:
    """After however many turns of the loop the listener closes: its client is known, or still in the queue."""

    async def run() -> tuple[int, int]:
        listening = socket.create_server(("127.0.0.1", 0))
        queue = listening.dup()
        known: list[asyncio.BaseTransport] = []
        server = await asyncio.get_running_loop().create_server(lambda: Known(known), sock=listening)
        with socket.create_connection(queue.getsockname()):
            for _ in range(turns):
                await asyncio.sleep(0)
            server.close()
            await let_accepted_appear()
            queued = _accepted(queue)
            found = len(known)
            for transport in known:
                transport.close()
            await server.wait_closed()
        return found, queued

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert sum(runner.run(run())) == 1


def _accepted(queue: socket.socket) -> int:
    queue.setblocking(False)
    with queue:
        try:
            queue.accept()[0].close()
        except BlockingIOError:
            return 0
        return 1
