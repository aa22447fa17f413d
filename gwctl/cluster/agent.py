"""The agent: a data plane's end of the link. Dials, carries out what the session decides, and never gives up."""

from __future__ import annotations

import asyncio
import logging
import math
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from gwctl.cluster import effects as e
from gwctl.cluster.agent_session import AgentSession, NodeIdentity
from gwctl.cluster.applier import Applier, Failure, explain
from gwctl.cluster.dial_errors import explain_dial
from gwctl.cluster.errors import LinkError
from gwctl.cluster.outbox import Outbox
from gwctl.cluster.ports import ConfigSink, Publish
from gwctl.cluster.protocol import PATH, SUBPROTOCOL, CloseCode
from gwctl.kit.backoff import Backoff
from gwctl.kit.changes import NOWHERE, Position
from gwctl.kit.clock import Clock
from gwctl.kit.errors import GwctlError
from gwctl.kit.tasks import Tasks
from gwctl.kit.version import Version
from gwctl.observe.logs import NOTICE
from gwctl.settings import Endpoint

if TYPE_CHECKING:
    from gwctl.entities.catalog import Catalog

_log = logging.getLogger("gwctl.cluster")
_PREFIX = "[clustering] "
DEFAULT_MAX_PAYLOAD = 16 * 1024 * 1024
_OPEN_SECONDS = 10.0
_CLOSE_SECONDS = 2.0
_TICK_SECONDS = 0.5
_STEADY_SECONDS = 5.0
"""A link that lasted so long makes the next attempt quick again."""
_GOOD_CLOSES = (1000, CloseCode.GOING_AWAY, 1012)


class ClientTrust(Protocol):
    """The data plane's half of ``gwctl.certs.ClusterTrust``."""

    @property
    def server_name(self) -> str: ...

    def client_context(self) -> ssl.SSLContext: ...

    def check_server(self, der: bytes | None) -> None: ...

    def explain_server(self, error: BaseException) -> str: ...


def _checked(trust: ClientTrust) -> type[ClientConnection]:
    """A connection that says nothing to a control plane whose certificate is not the right one."""

    class CheckedConnection(ClientConnection):
        async def handshake(self, *arguments: Any, **options: Any) -> None:
            try:
                trust.check_server(self.transport.get_extra_info("ssl_object").getpeercert(True))
            except GwctlError:
                # our certificate is still on its way: the other end needs it for its own log
                self.transport.close()
                await asyncio.wait([self.connection_lost_waiter], timeout=_CLOSE_SECONDS)
                raise
            await super().handshake(*arguments, **options)

    return CheckedConnection


def _uri(endpoint: Endpoint) -> str:
    return f"wss://{endpoint}{PATH}"


@dataclass(frozen=True, slots=True)
class AgentState:
    """``position`` is what the cache has, ``serving`` what every worker serves; ``control_plane`` is None when down.

    ``synchronised``: every worker serves what the control plane last announced. ``failures`` counts ended attempts.
    """

    control_plane: Endpoint | None
    position: Position
    serving: Position
    last_error: str | None
    synchronised: bool
    failures: int


class _Job(NamedTuple):
    """Work on the cache; a call that returns a position has applied something. ``sequence``: of a stored chunk."""

    token: int
    call: Callable[[], Position | None]
    sequence: int | None


class Agent:
    """``run`` keeps the cache at the control plane's version until it is cancelled.

    ``publish`` is called in the event loop with every position applied; when all workers serve it, call ``swapped``.
    ``incident`` receives texts about what went wrong and was dealt with.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        sink: ConfigSink,
        catalog: Catalog,
        trust: ClientTrust,
        identity: NodeIdentity,
        *,
        clock: Clock,
        publish: Publish,
        incident: Callable[[str], None] = lambda text: None,
        heartbeat_interval: float | None = None,
        max_payload: int = DEFAULT_MAX_PAYLOAD,
    ) -> None:
        if not endpoints:
            raise LinkError("no control plane is given", hint="name one with --cp HOST:PORT or cluster_control_plane")
        self._endpoints = tuple(endpoints)
        self._sink = sink
        self._applier = Applier(sink, catalog)
        self._trust = trust
        self._clock = clock
        self._publish = publish
        self._incident = incident
        self._max_payload = max_payload
        self._session = AgentSession(
            identity, sink.position, max_payload=max_payload, heartbeat_interval=heartbeat_interval
        )
        self._backoff = Backoff(1, 10)
        self._tasks = Tasks(_log)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="gwctl-apply")
        self._jobs: asyncio.Queue[_Job | None] = asyncio.Queue()
        self._outbox: Outbox | None = None
        self._ending: tuple[int, str] = (CloseCode.GOING_AWAY, "")
        self._endpoint: Endpoint | None = None
        self._serving = NOWHERE
        self._failures = 0

    def state(self) -> AgentState:
        """A view for health and status pages."""
        session = self._session
        return AgentState(
            self._endpoint,
            self._sink.position,
            self._serving,
            session.last_error,
            session.synchronised,
            self._failures,
        )

    def swapped(self, version: Version, digest: int) -> None:
        """Every worker serves this now. To be called in the agent's event loop."""
        self._serving = Position(version, digest, 0)
        self._perform(self._session.swapped(self._serving))

    def unserved(self, reason: str) -> None:
        """A worker cannot serve what is stored. To be called in the agent's event loop."""
        self._perform(self._session.unserved(reason))

    async def run(self) -> None:
        """Link to the control planes in turn, for ever. Ends with its cancellation, after a running apply."""
        worker = self._tasks.spawn("agent-apply", self._apply_jobs())
        try:
            turn = 0
            while True:
                endpoint = self._endpoints[turn % len(self._endpoints)]
                try:
                    await self._attempt(endpoint)
                except Exception:  # a fault of ours must not leave the node without a link
                    _log.exception("%sthe link to %s failed", _PREFIX, endpoint)
                    await asyncio.sleep(self._backoff.next())
                turn += 1
        finally:
            self._drop_jobs()
            with suppress(asyncio.CancelledError):
                await worker
            await asyncio.get_running_loop().run_in_executor(self._executor, self._applier.abandon)
            await self._tasks.close()
            self._executor.shutdown(wait=False)

    async def _attempt(self, endpoint: Endpoint) -> None:
        """One connection from dialling to its end, and the wait after it."""
        context = self._trust.client_context()
        try:
            socket = await self._dial(endpoint, context)
        except GwctlError as error:
            await self._pause(endpoint, error.message, logging.WARNING)
            return
        since = self._clock.monotonic()
        reason, level = await self._live(endpoint, socket)
        if self._clock.monotonic() - since > _STEADY_SECONDS:
            self._backoff.reset()
        await self._pause(endpoint, reason, level)

    async def _pause(self, endpoint: Endpoint, reason: str, level: int) -> None:
        self._failures += 1
        delay = self._backoff.next()
        if level <= logging.INFO:
            _log.log(level, "%sconnection to control plane closed [%s]", _PREFIX, endpoint)
        else:
            _log.log(
                level,
                "%sconnection to control plane %s broken: %s (retrying after %d seconds) [%s]",
                *(_PREFIX, _uri(endpoint), reason, max(1, math.ceil(delay)), endpoint),
            )
        await asyncio.sleep(delay)

    async def _dial(self, endpoint: Endpoint, context: ssl.SSLContext) -> ClientConnection:
        try:
            socket = await connect(
                _uri(endpoint),
                ssl=context,
                server_hostname=self._trust.server_name,
                create_connection=_checked(self._trust),
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                proxy=None,
                compression=None,
                max_size=self._max_payload,
                ping_interval=None,
                open_timeout=_OPEN_SECONDS,
                close_timeout=_CLOSE_SECONDS,
                user_agent_header=None,
            )
        except GwctlError:
            raise
        except Exception as error:
            raise LinkError(explain_dial(error, self._trust.explain_server)) from error
        return socket

    # One link

    async def _live(self, endpoint: Endpoint, socket: ClientConnection) -> tuple[str, int]:
        """Serve an open connection to its end; returns the reason and the level to log it with."""
        outbox = self._outbox = Outbox()
        self._ending = (CloseCode.GOING_AWAY, "the data plane stops")
        self._endpoint = endpoint
        writer = self._tasks.spawn("agent-writer", self._write(socket, outbox))
        timer = self._tasks.spawn("agent-clock", self._keep_time())
        try:
            self._perform(self._session.connected(self._clock.monotonic()))
            return await self._read(socket)
        finally:
            self._endpoint, self._outbox = None, None
            self._perform(self._session.closed())
            timer.cancel()
            writer.cancel()
            await socket.close(*self._ending)

    async def _read(self, socket: ClientConnection) -> tuple[str, int]:
        try:
            while True:
                data = await socket.recv()
                if isinstance(data, bytes):
                    self._ending = (CloseCode.WRONG_KIND, "a binary message came, this link speaks text")
                    return self._ending[1], logging.ERROR
                self._perform(self._session.receive(data, self._clock.monotonic()))
        except ConnectionClosed as error:
            return self._why_closed(error)

    def _why_closed(self, error: ConnectionClosed) -> tuple[str, int]:
        if self._session.refusal is not None:
            return self._session.refusal, logging.ERROR
        if error.rcvd is None:
            return "the connection was lost", logging.ERROR
        level = logging.INFO if error.rcvd.code in _GOOD_CLOSES else logging.ERROR
        return error.rcvd.reason or f"closed with code {error.rcvd.code}", level

    async def _write(self, socket: ClientConnection, outbox: Outbox) -> None:
        try:
            while (data := await outbox.get()) is not None:
                await socket.send(data, text=True)
        except ConnectionClosed:
            return
        await socket.close(*self._ending)

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(min(_TICK_SECONDS, self._session.interval / 4))
            self._perform(self._session.tick(self._clock.monotonic()))

    # Carrying out

    def _perform(self, effects: Iterable[e.Effect]) -> None:
        for effect in effects:
            _PERFORM[type(effect)](self, effect)

    def _send(self, effect: e.Send) -> None:
        if self._outbox is not None:
            self._outbox.put(effect.data, effect.slot, follows=effect.follows)

    def _close(self, effect: e.Close) -> None:
        self._ending = (effect.code, effect.reason)
        if self._outbox is not None:
            self._outbox.end()

    def _write_log(self, effect: e.Log) -> None:
        _log.log(effect.level, "%s%s", _PREFIX, effect.text)

    def _report_incident(self, effect: e.Incident) -> None:
        _log.warning("%s%s", _PREFIX, effect.text)
        self._incident(effect.text)

    def _linked(self, effect: e.Linked) -> None:
        text = "connected to control plane (version %s, gwctl %s) [%s]"
        _log.log(NOTICE, _PREFIX + text, effect.version, effect.gwctl_version, self._endpoint or "")

    def _applied(self, effect: e.Applied) -> None:
        position = effect.position
        _log.info("%sversion %d with %d records is stored", _PREFIX, position.version.number, position.records)
        self._publish(position)

    def _apply_delta(self, effect: e.ApplyDelta) -> None:
        config = effect.delta.config
        self._job(
            effect.token, partial(self._applier.apply, config.version, config.digest_number, effect.delta.changes)
        )

    def _begin_snapshot(self, effect: e.BeginSnapshot) -> None:
        self._job(effect.token, self._applier.begin)

    def _store_chunk(self, effect: e.StoreChunk) -> None:
        self._job(effect.token, partial(self._applier.store, effect.records), effect.sequence)

    def _finish_snapshot(self, effect: e.FinishSnapshot) -> None:
        self._job(effect.token, partial(self._applier.finish, effect.config.version, effect.config.digest_number))

    def _abandon_snapshot(self, effect: e.AbandonSnapshot) -> None:
        self._job(effect.token, self._applier.abandon)

    def _job(self, token: int, call: Callable[[], Position | None], sequence: int | None = None) -> None:
        self._jobs.put_nowait(_Job(token, call, sequence))

    async def _apply_jobs(self) -> None:
        """Run the work on the cache in order, in the one thread that writes it."""
        while (job := await self._jobs.get()) is not None:
            try:
                self._perform(await self._run_job(job))
            except Exception:  # as above: whoever is told of the result must not stop what follows
                _log.exception("%sa result of the cache could not be passed on", _PREFIX)

    async def _run_job(self, job: _Job) -> list[e.Effect]:
        try:
            position = await asyncio.get_running_loop().run_in_executor(self._executor, job.call)
        except GwctlError as error:
            return self._session.failed(job.token, explain(error), self._clock.monotonic())
        except Exception as error:  # a record that breaks our own checks must not end the agent
            _log.exception("%sa configuration could not be checked", _PREFIX)
            failure = Failure("invalid", f"{type(error).__name__} while checking the configuration")
            return self._session.failed(job.token, failure, self._clock.monotonic())
        return self._finished(job, position)

    def _finished(self, job: _Job, position: Position | None) -> list[e.Effect]:
        if position is not None:
            return self._session.applied(job.token, position, self._clock.monotonic())
        return [] if job.sequence is None else self._session.stored(job.token, job.sequence)

    def _drop_jobs(self) -> None:
        """Forget work that was not begun, and let the worker end after what it is at."""
        while not self._jobs.empty():
            self._jobs.get_nowait()
        self._jobs.put_nowait(None)


_PERFORM: Mapping[type, Callable[[Agent, Any], None]] = {
    e.Send: Agent._send,
    e.Close: Agent._close,
    e.Log: Agent._write_log,
    e.Incident: Agent._report_incident,
    e.Linked: Agent._linked,
    e.Applied: Agent._applied,
    e.ApplyDelta: Agent._apply_delta,
    e.BeginSnapshot: Agent._begin_snapshot,
    e.StoreChunk: Agent._store_chunk,
    e.FinishSnapshot: Agent._finish_snapshot,
    e.AbandonSnapshot: Agent._abandon_snapshot,
}
