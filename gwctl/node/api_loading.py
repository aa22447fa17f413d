"""``POST /config`` as the api process sees it: a directory for the body, and the loader's answer over the bus."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from pathlib import Path

from gwctl.kit.clock import Clock
from gwctl.node.bus import Link
from gwctl.node.loads import LoadDirectory, Request
from gwctl.node.messages import Load, Loaded

_MOST_RETRY = 60
_EXITING = "Kong currently exiting"


class ApiLoading:
    """Implements `gwctl.admin.ports.ConfigLoading`. ``hash_of_cache`` tells what the cache holds now."""

    def __init__(self, prefix: Path, bus: Link, clock: Clock, hash_of_cache: Callable[[], str]) -> None:
        self._prefix = prefix
        self._bus = bus
        self._clock = clock
        self._hash = hash_of_cache
        self._waiting: dict[str, asyncio.Future[Loaded]] = {}
        self._began = 0.0
        self._exiting = False

    def busy(self) -> int:
        if not self._waiting:
            return 0
        return min(_MOST_RETRY, max(1, math.ceil(self._clock.monotonic() - self._began)))

    def offer(self) -> Offer:
        return Offer(LoadDirectory.create(self._prefix), self._submit)

    def configuration_hash(self) -> str:
        return self._hash()

    def heard(self, message: Loaded) -> None:
        """The loader, or the supervisor in its place, has answered."""
        future = self._waiting.get(message.place)
        if future is not None and not future.done():
            future.set_result(message)

    def exit(self) -> None:
        """Take no further document, and wait for none."""
        self._exiting = True
        for place in list(self._waiting):
            self.heard(Loaded(place, 503, _EXITING))

    async def _submit(self, place: LoadDirectory, request: Request) -> Loaded:
        name = str(place.path)
        if self._exiting:
            return Loaded(name, 503, _EXITING)
        if wait := self.busy():
            return Loaded(name, 429, "Currently loading previous configuration", wait)
        place.write_request(request)
        future: asyncio.Future[Loaded] = asyncio.get_running_loop().create_future()
        self._waiting[name] = future
        self._began = self._clock.monotonic()
        try:
            self._bus.send(Load(name))
            return await future
        finally:
            del self._waiting[name]


class Offer:
    """Implements `gwctl.admin.ports.LoadOffer`."""

    def __init__(self, place: LoadDirectory, submit: Callable[[LoadDirectory, Request], Awaitable[Loaded]]) -> None:
        self._place = place
        self._submit = submit
        self.body = place.body
        self.answer = place.answer

    async def submit(self, *, syntax: str, check_hash: bool, flatten_errors: bool) -> Loaded:
        request = Request(str(self.body), syntax, check_hash=check_hash, flatten_errors=flatten_errors, answered=True)
        return await self._submit(self._place, request)

    def close(self) -> None:
        self._place.close()
