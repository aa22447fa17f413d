"""The loader process of a node without a database: the only writer of its cache. It puts documents there, those of
``POST /config`` and the one that the settings name, and answers when every worker serves them."""

from __future__ import annotations

import asyncio
import logging
import math
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gwctl.cache import CacheConflict, CacheFull, CacheView, CacheWriter
from gwctl.kit.clock import SystemClock
from gwctl.kit.digest import to_hex
from gwctl.kit.errors import GwctlError
from gwctl.kit.tasks import Tasks
from gwctl.node.bus import Link
from gwctl.node.cache_files import cache_place, keep_whole, map_size, open_writer
from gwctl.node.catalog import catalog_for
from gwctl.node.file_watch import FileWatch
from gwctl.node.health_keeper import HealthKeeper
from gwctl.node.loads import LoadDirectory, Request, declared_request, sweep
from gwctl.node.memory import resident_bytes
from gwctl.node.merge import Merger, write_records
from gwctl.node.messages import Load, Loaded, Message, Refused, Swapped, available
from gwctl.node.plan import Assignment
from gwctl.node.prepare import ACCEPTED, UNCHANGED, Prepared
from gwctl.node.preparing import broken, prepared
from gwctl.observe.logs import NOTICE
from gwctl.settings import Settings

ROLLOUT_SECONDS = 60.0
"""How long the workers may take to serve what was loaded."""
_MOST_RETRY = 60
_TOO_LARGE = 'Configuration does not fit in LMDB database, consider raising the "lmdb_map_size" config for Kong'
_BUSY = "Currently loading previous configuration"
_LATE = "Timed out while loading configuration"

_log = logging.getLogger("gwctl.node")


class LoaderProcess:
    def __init__(self, assignment: Assignment, sockets: Sequence[socket.socket]) -> None:
        self._assignment = assignment
        self._settings = assignment.settings
        self._catalog = catalog_for(self._settings)
        self._clock = SystemClock()
        self._tasks = Tasks(_log)
        self._turn = asyncio.Lock()
        self._began = 0.0
        self._bus: Link | None = None
        self._writer: CacheWriter | None = None
        self._served: asyncio.Queue[Swapped | Refused] = asyncio.Queue()
        self._health = HealthKeeper(assignment)

    async def start(self, bus: Link) -> None:
        self._bus = bus
        place, size, catalog = cache_place(self._settings), map_size(self._settings), self._catalog
        writer = self._writer = await open_writer(
            lambda: CacheWriter.open(place, catalog, map_size=size, largest=size, journal=True)
        )
        if self._assignment.first and not self._assignment.cache_is_open:
            sweep(self._settings.prefix)
            if not await self._load_declared() and writer.position.records:
                _log.info("found persisted lmdb config, loading...")
        self._publish(writer)
        self._health.start(writer.reader())
        self._tasks.spawn("mend", keep_whole(writer, lambda: self._publish(writer)))
        path = self._settings.path("declarative_config")
        if path is not None and self._settings.flag("declarative_config_watch"):
            self._tasks.spawn("watch", FileWatch(path, self._changed).run())

    async def _load_declared(self) -> bool:
        """Load what the settings name, before anything is served; False when they name nothing. Raises GwctlError."""
        directory = LoadDirectory.create(self._settings.prefix)
        try:
            request = declared_request(self._settings, directory)
            if request is None:
                return False
            outcome = await self._stored(directory, request, self._settings, self._clock.now())
            if outcome.status != ACCEPTED:
                raise broken(self._settings, outcome)
            return True
        finally:
            directory.close()

    def _publish(self, writer: CacheWriter) -> None:
        if self._bus is not None:
            self._bus.send(available(writer.position, writer.label))
            self._health.changed()

    def _opened(self) -> CacheWriter:
        if self._writer is None:
            raise GwctlError("the cache is not open")
        return self._writer

    # One document

    async def _stored(self, place: LoadDirectory, request: Request, settings: Settings, now: float) -> Prepared:
        """Read the document and put it into the cache. What does not fit is CacheFull; nothing was changed then."""
        writer, catalog = self._opened(), self._catalog
        if settings is not self._settings:
            catalog = await asyncio.get_running_loop().run_in_executor(None, catalog_for, settings)
        outcome = await prepared(place, request, settings, catalog, now=now, current=writer.label)
        for warning in outcome.warnings:
            _log.warning("%s", warning)
        if outcome.status != ACCEPTED or (request.again and outcome.label == writer.label):
            return outcome
        answer = place.answer if request.answered else None

        def put() -> bool:
            return Merger(writer, self._catalog).put(place.records, outcome.label, now=now, answer=answer)

        await asyncio.get_running_loop().run_in_executor(None, put)
        return outcome

    async def _carried_out(self, place: LoadDirectory, request: Request, settings: Settings) -> Loaded:
        """Load the document and wait for the workers; the answer to whoever asked."""
        writer, now = self._opened(), self._clock.now()
        reader = writer.reader()
        try:
            with reader.view() as before:
                try:
                    outcome = await self._stored(place, request, settings, now)
                except CacheFull as error:
                    return _failed(place, 413, _TOO_LARGE, error)
                except CacheConflict as error:
                    return _failed(place, 400, error.message, error)
                if outcome.status == UNCHANGED:
                    return Loaded(str(place.path), UNCHANGED)
                if outcome.status != ACCEPTED:
                    return _refused(place, request, settings, outcome)
                return await self._rolled_out(place, before)
        finally:
            reader.close()

    async def _rolled_out(self, place: LoadDirectory, before: CacheView) -> Loaded:
        """Wait until every worker serves what the cache holds; what one of them cannot serve is taken back."""
        writer = self._opened()
        position = writer.position
        if position == before.position:
            return Loaded(str(place.path), ACCEPTED)
        while not self._served.empty():
            self._served.get_nowait()
        self._publish(writer)
        try:
            async with asyncio.timeout(ROLLOUT_SECONDS):
                while True:
                    said = await self._served.get()
                    if said.version != position.version:
                        continue
                    if isinstance(said, Refused):
                        await self._taken_back(place, before)
                        return _failed(place, 500, f"this configuration cannot be served: {said.reason}", None)
                    if said.digest == to_hex(position.digest):
                        _log.log(NOTICE, "loaded version %d: %d records", position.version.number, position.records)
                        return Loaded(str(place.path), ACCEPTED)
        except TimeoutError:
            return _failed(place, 504, _LATE, None)

    async def _taken_back(self, place: LoadDirectory, before: CacheView) -> None:
        """Put the records of ``before`` back as a version of their own: a restart finds what is served."""
        writer = self._opened()

        def put() -> bool:
            write_records(place.records, before, self._catalog)
            return Merger(writer, self._catalog).put(place.records, before.label, now=-math.inf)

        await asyncio.get_running_loop().run_in_executor(None, put)
        self._publish(writer)

    # Who asks

    async def receive(self, message: Message) -> None:
        match message:
            case Load(place):
                self._tasks.spawn("load", self._asked(LoadDirectory(Path(place))))
            case Swapped() | Refused():
                self._served.put_nowait(message)
            case _:
                pass

    async def _asked(self, place: LoadDirectory) -> None:
        """A ``Load``: of the api process with a request, or of the supervisor with settings to reload by."""
        try:
            answer = await self._reloaded(place) if place.settings.exists() else await self._posted(place)
        except GwctlError as error:
            _log.error("cannot load a document: %s", error)
            answer = Loaded(str(place.path), 500, str(error))
        except Exception:  # whoever asked waits for an answer
            _log.exception("cannot load a document")
            answer = Loaded(str(place.path), 500, "An unexpected error occurred")
        if self._bus is not None:
            self._bus.send(answer)

    async def _posted(self, place: LoadDirectory) -> Loaded:
        if self._turn.locked():
            took = self._clock.monotonic() - self._began
            return Loaded(str(place.path), 429, _BUSY, min(_MOST_RETRY, max(1, math.ceil(took))))
        async with self._turn:
            self._began = self._clock.monotonic()
            return await self._carried_out(place, place.read_request(), self._settings)

    async def _reloaded(self, place: LoadDirectory) -> Loaded:
        """Read again what the settings name, by the settings that a reload brings; waits for its turn."""
        from gwctl.node.supervise import handed_over

        async with self._turn:
            self._began = self._clock.monotonic()
            settings = handed_over(place.settings)
            request = declared_request(settings, place, again=True)
            if request is None:
                return Loaded(str(place.path), ACCEPTED)
            return await self._carried_out(place, request, settings)

    async def _changed(self) -> None:
        """The watched file is another one now. What is wrong with it leaves everything as it is."""
        place = LoadDirectory.create(self._settings.prefix)
        try:
            async with self._turn:
                self._began = self._clock.monotonic()
                request = declared_request(self._settings, place, again=True)
                if request is not None:
                    _log.log(NOTICE, "%s has changed and is read again", request.source)
                    answer = await self._carried_out(place, request, self._settings)
                    if answer.status != ACCEPTED:
                        _log.error("the config stays as it was: %s", answer.message)
        except GwctlError as error:
            _log.error("the config stays as it was: %s", error)
        finally:
            place.close()

    def stats(self) -> dict[str, Any]:
        return {"memory": resident_bytes()}

    def reopen(self) -> None: ...

    async def finish(self, seconds: float) -> None:
        await self._tasks.close()
        await self._health.close()
        if self._writer is not None:
            self._writer.close()


def _failed(place: LoadDirectory, status: int, text: str, error: GwctlError | None) -> Loaded:
    place.answer.unlink(missing_ok=True)
    _log.error("a document was not loaded: %s", error or text)
    return Loaded(str(place.path), status, text)


def _refused(place: LoadDirectory, request: Request, settings: Settings, outcome: Prepared) -> Loaded:
    """``POST /config`` gets the body of the answer, a reload the lines for people."""
    text = outcome.message if request.answered else broken(settings, outcome).message
    return Loaded(str(place.path), outcome.status, text)


def body(assignment: Assignment, sockets: Sequence[socket.socket]) -> LoaderProcess:
    return LoaderProcess(assignment, sockets)
