"""What waits to be sent on one link. Slots keep it bounded: a message makes those forgotten that it outdates."""

from __future__ import annotations

import asyncio
from collections import deque


class Outbox:
    """For one event loop; ``get`` by one task."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str | None, bytes]] = deque()
        self._changed = asyncio.Event()
        self._ending = False

    def put(self, data: bytes, slot: str | None = None, *, follows: bool = False) -> None:
        """Add a message. What waits in its ``slot`` is forgotten, unless it ``follows`` that. Nothing comes after
        ``end``."""
        if self._ending:
            return
        if slot is not None and not follows:
            self._waiting = deque(entry for entry in self._waiting if entry[0] != slot)
        self._waiting.append((slot, data))
        self._changed.set()

    def end(self) -> None:
        """Nothing follows; ``get`` returns None after what waits."""
        self._ending = True
        self._changed.set()

    async def get(self) -> bytes | None:
        """The next message to send."""
        while not self._waiting:
            if self._ending:
                return None
            self._changed.clear()
            await self._changed.wait()
        return self._waiting.popleft()[1]

    def __len__(self) -> int:
        return len(self._waiting)
