"""The supervisor's part in loading documents: it passes requests to the loader and answers back to whoever asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from gwctl.kit.errors import GwctlError
from gwctl.kit.files import write_atomic
from gwctl.node.bus import Link
from gwctl.node.crew import Member
from gwctl.node.loads import LoadDirectory
from gwctl.node.messages import Load, Loaded
from gwctl.node.plan import is_declarative
from gwctl.settings import Settings

PATIENCE_SECONDS = 30.0
"""How long a document waits for a loader that is starting."""
_NOT_THERE = "the process that loads the configuration is starting, try again"
_GONE = "the process that loaded the configuration ended: the old or the new one is served"


class LoadRelay:
    """``loader`` returns the process that loads, when there is one that serves."""

    def __init__(self, loader: Callable[[], Member | None]) -> None:
        self._loader = loader
        self._askers: dict[str, Callable[[Loaded], None]] = {}
        self._early: dict[str, Load] = {}

    def pass_on(self, asker: Link, load: Load) -> None:
        """A request of the api process."""
        self._ask(load, asker.send)

    def _ask(self, load: Load, answer: Callable[[Loaded], None]) -> None:
        self._askers[load.place] = answer
        loader = self._loader()
        if loader is not None:
            loader.link.send(load)
            return
        self._early[load.place] = load
        asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._give_up, load.place)

    def _give_up(self, place: str) -> None:
        if self._early.pop(place, None) is not None:
            self.answered(Loaded(place, 503, _NOT_THERE))

    def arrived(self) -> None:
        """A loader is ready for what came before it."""
        loader = self._loader()
        while loader is not None and self._early:
            loader.link.send(self._early.pop(next(iter(self._early))))

    def answered(self, message: Loaded) -> None:
        answer = self._askers.pop(message.place, None)
        if answer is not None:
            answer(message)

    def lost(self) -> None:
        """The loader ended; what it had begun it answers no more."""
        for place in [place for place in self._askers if place not in self._early]:
            self.answered(Loaded(place, 503, _GONE))

    async def reread(self, prefix: Path, settings: Settings) -> None:
        """Have the documents loaded that ``settings`` name, while everything runs on. Raises GwctlError.

        Nothing to do on a node with a database. Afterwards no load is under way.
        """
        if not is_declarative(settings):
            return
        place = LoadDirectory.create(prefix)
        try:
            write_atomic(place.settings, settings.dump(), 0o600, durable=False)
            done: asyncio.Future[Loaded] = asyncio.get_running_loop().create_future()
            self._ask(Load(str(place.path)), done.set_result)
            loaded = await done
        finally:
            place.close()
        if loaded.status >= 400:
            raise GwctlError(loaded.message, code="declarative")
