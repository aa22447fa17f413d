"""What waits to be sent on one link. Slots keep it bounded: of messages that outdate each other the newest waits."""

from __future__ import annotations

import asyncio
from collections import OrderedDict


class Outbox:
    """For one event loop; ``get`` by one task."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str | int, bytes] = OrderedDict()
        self._count = 0
        self._changed = asyncio.Event()
        self._ending = False

    def put(self, data: bytes, slot: str | None = None) -> None:
        """Add a message; it takes the place of one that still waits in ``slot``. Nothing is added after ``end``."""
        if self._ending:
            return
        self._count += 1
        self._waiting[self._count if slot is None else slot] = data
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
        return self._waiting.popitem(last=False)[1]

    def __len__(self) -> int:
        return len(self._waiting)
