"""Links of the bus within one event loop, without sockets."""

from __future__ import annotations

import asyncio

from gwctl.node.messages import Message


class MemoryLink:
    """A link within one event loop; make two with ``memory_pair``."""

    def __init__(self) -> None:
        self._inbox: asyncio.Queue[Message | None] = asyncio.Queue()
        self._peer: MemoryLink | None = None

    def send(self, message: Message) -> None:
        if self._peer is not None:
            self._peer._inbox.put_nowait(message)

    async def receive(self) -> Message | None:
        return await self._inbox.get()

    def close(self) -> None:
        for end in (self, self._peer):
            if end is not None:
                end._inbox.put_nowait(None)
                end._peer = None


def memory_pair() -> tuple[MemoryLink, MemoryLink]:
    one, two = MemoryLink(), MemoryLink()
    one._peer, two._peer = two, one
    return one, two
