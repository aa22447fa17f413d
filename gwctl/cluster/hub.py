"""The hub: the control plane's end of all links. Carries out what the sessions and the roster decide."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Protocol

from gwctl.cluster import effects as e
from gwctl.cluster.delivery import Deliveries
from gwctl.cluster.errors import LinkError
from gwctl.cluster.hub_session import HubIdentity, HubSession, Peer
from gwctl.cluster.outbox import Outbox
from gwctl.cluster.ports import ConfigSource, NodeLedger
from gwctl.cluster.protocol import PATH, CloseCode
from gwctl.cluster.roster import Ask, Decision, Grant, Refuse, Replace, Roster
from gwctl.cluster.server_socket import Rejection, ServerSocket
from gwctl.kit.clock import Clock
from gwctl.kit.errors import GwctlError
from gwctl.kit.tasks import Tasks
from gwctl.kit.version import Version

_log = logging.getLogger("gwctl.cluster")
_PREFIX = "[clustering] "
_TICK_SECONDS = 0.25
_HANDSHAKES = 64
_CROWDED_SECONDS = 0.5
_ENDING_SECONDS = 3.0


class ServerTrust(Protocol):
    """The control plane's half of ``gwctl.certs.ClusterTrust``."""

    def server_context(self) -> ssl.SSLContext: ...

    def check_client(self, der: bytes | None) -> None: ...

    def explain_client(self, error: BaseException) -> str: ...


@dataclass(eq=False, slots=True)
class _Link:
    session: HubSession
    socket: ServerSocket
    outbox: Outbox
    ending: tuple[int, str] = (CloseCode.GOING_AWAY, "")


class Hub:
    """``serve`` runs until it is cancelled or ``close`` is called; ``announce`` tells data planes of a new version.

    The ledger is called in the event loop with a row per connect, acknowledgement, heartbeat and refusal.
    """

    def __init__(
        self,
        source: ConfigSource,
        ledger: NodeLedger,
        trust: ServerTrust,
        identity: HubIdentity,
        *,
        clock: Clock,
        most_links: int = 10_000,
    ) -> None:
        self._source = source
        self._ledger = ledger
        self._trust = trust
        self._identity = identity
        self._clock = clock
        self._most_links = most_links
        self._deliveries = Deliveries(source)
        self._roster: Roster[_Link] = Roster()
        self._links: set[_Link] = set()
        self._tasks = Tasks(_log)
        self._handshakes = asyncio.Semaphore(_HANDSHAKES)
        self._executor = ThreadPoolExecutor(2, thread_name_prefix="gwctl-hub")
        self._busy: set[asyncio.Task[Any]] = set()
        self._closing = asyncio.Event()

    @property
    def connected(self) -> int:
        """How many data planes are linked."""
        return len(self._roster)

    async def serve(self, sockets: Sequence[socket.socket]) -> None:
        """Accept links on listening sockets, which stay the caller's. Returns after ``close``."""
        if self._closing.is_set():
            return
        context = self._trust.server_context()
        for listener in sockets:
            listener.setblocking(False)
            self._tasks.spawn("hub-accept", self._accept(listener, context))
        self._tasks.spawn("hub-clock", self._keep_time())
        try:
            await self._closing.wait()
        finally:
            await self._end()

    def announce(self, version: Version | None = None) -> None:
        """The source has moved on, to ``version`` or further: tell every data plane that was not told yet.

        To be called in the hub's event loop.
        """
        for link in list(self._links):
            self._perform(link, link.session.announce())

    async def close(self) -> None:
        """Close every link with code 1001 and stop serving; ``serve`` returns."""
        self._closing.set()
        await self._end()

    async def _end(self) -> None:
        for link in list(self._links):
            link.ending = (CloseCode.GOING_AWAY, "the control plane stops")
            link.outbox.end()
        if self._busy:
            await asyncio.wait(self._busy, timeout=_ENDING_SECONDS)
        await self._tasks.close()
        self._executor.shutdown(wait=False)

    # Accepting

    async def _accept(self, listener: socket.socket, context: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._handshakes.acquire()
            try:
                connection, address = await loop.sock_accept(listener)
            except OSError as error:
                self._handshakes.release()
                if error.errno not in (errno.ECONNABORTED, errno.EINTR):
                    _log.error("%scannot accept a data plane: %s", _PREFIX, error)
                    await asyncio.sleep(_CROWDED_SECONDS)
                continue
            connection.setblocking(False)
            self._tasks.spawn("hub-link", self._welcome(connection, str(address[0]), context))

    async def _welcome(self, connection: socket.socket, ip: str, context: ssl.SSLContext) -> None:
        """TLS, upgrade, then the life of the link."""
        try:
            accepted = await self._shake_hands(connection, ip, context)
        finally:
            self._handshakes.release()
        if accepted is None:
            return
        expiry = accepted.certificate()[1]
        session = HubSession(
            self._identity,
            Peer(ip, expiry),
            lambda: self._source.position,
            lambda: self._source.plugins,
            now=self._clock.monotonic(),
        )
        await self._live(_Link(session, accepted, Outbox()))

    async def _shake_hands(self, connection: socket.socket, ip: str, context: ssl.SSLContext) -> ServerSocket | None:
        try:
            accepted = await ServerSocket.accept(connection, context)
        except (OSError, TimeoutError) as error:
            level = logging.ERROR if isinstance(error, ssl.SSLError) else logging.INFO
            _log.log(level, "%s%s [ip: %s]", _PREFIX, self._trust.explain_client(error), ip)
            return None
        stranger = self._stranger(accepted, ip)  # before the request: a peer that distrusts us sends none
        try:
            if await accepted.upgrade(partial(self._judge, stranger, ip)):
                return accepted
        except (OSError, TimeoutError) as error:
            _log.warning("%sno upgrade request came: %s [ip: %s]", _PREFIX, error or "timed out", ip)
        await accepted.close()
        return None

    def _stranger(self, accepted: ServerSocket, ip: str) -> Rejection | None:
        try:
            self._trust.check_client(accepted.certificate()[0])
        except GwctlError as error:
            _log.error("%s%s [ip: %s]", _PREFIX, error, ip)
            return Rejection(HTTPStatus.FORBIDDEN, str(error))
        return None

    def _judge(self, stranger: Rejection | None, ip: str, path: str) -> Rejection | None:
        if stranger is not None:
            return stranger
        if path.partition("?")[0] != PATH:
            _log.warning("%sa data plane asked for %s instead of %s [ip: %s]", _PREFIX, path[:100], PATH, ip)
            return Rejection(HTTPStatus.NOT_FOUND, f"the cluster link of this control plane is at {PATH}")
        if len(self._links) >= self._most_links:
            _log.error("%stoo many data planes, %d are linked [ip: %s]", _PREFIX, len(self._links), ip)
            return Rejection(HTTPStatus.SERVICE_UNAVAILABLE, "too many data planes are linked to this control plane")
        return None

    # One link

    async def _live(self, link: _Link) -> None:
        self._links.add(link)
        self._keep_until_done(asyncio.current_task())
        writer = self._tasks.spawn("hub-writer", self._write(link))
        try:
            await self._read(link)
        finally:
            self._links.discard(link)
            self._perform(link, link.session.closed())
            hello = link.session.hello
            if hello is not None:
                self._decide(self._roster.left(hello.node_id, link))
            link.outbox.end()
            await link.socket.close(*link.ending)
            writer.cancel()

    async def _read(self, link: _Link) -> None:
        try:
            while (message := await link.socket.receive()) is not None:
                self._perform(link, link.session.receive(message, self._clock.monotonic()))
        except LinkError as error:
            link.ending = (CloseCode.WRONG_KIND, error.message)
            _log.error("%s%s%s", _PREFIX, error, link.session.suffix)
        except OSError as error:
            _log.info("%slink lost: %s%s", _PREFIX, error, link.session.suffix)

    async def _write(self, link: _Link) -> None:
        try:
            while (data := await link.outbox.get()) is not None:
                await link.socket.send(data)
        except (OSError, LinkError):
            pass  # the reader sees the end of the connection as well
        await link.socket.close(*link.ending)

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(min(_TICK_SECONDS, self._identity.heartbeat_interval / 4))
            now = self._clock.monotonic()
            self._decide(self._roster.tick(now))
            for link in list(self._links):
                self._perform(link, link.session.tick(now))

    # Carrying out

    def _decide(self, decisions: Iterable[Decision[_Link]]) -> None:
        for decision in decisions:
            if isinstance(decision, Grant):
                self._perform(decision.link, decision.link.session.granted())
            elif isinstance(decision, Refuse):
                self._perform(decision.link, self._refuse_duplicate(decision))
            elif isinstance(decision, Replace):
                self._perform(decision.link, decision.link.session.replaced())
            elif isinstance(decision, Ask):
                self._perform(decision.link, decision.link.session.probe(decision.nonce))

    def _refuse_duplicate(self, decision: Refuse[_Link]) -> list[e.Effect]:
        holder = decision.holder.session
        hostname = holder.hello.hostname if holder.hello else ""
        reason = f"a data plane with this node id is already linked from {holder.peer.ip} (host {hostname}) and alive"
        return decision.link.session.refuse(reason, CloseCode.DUPLICATE)

    def _perform(self, link: _Link, effects: Iterable[e.Effect]) -> None:
        for effect in effects:
            _PERFORM[type(effect)](self, link, effect)

    def _send(self, link: _Link, effect: e.Send) -> None:
        link.outbox.put(effect.data, effect.slot, follows=effect.follows)

    def _close(self, link: _Link, effect: e.Close) -> None:
        link.ending = (effect.code, effect.reason)
        link.outbox.end()

    def _write_log(self, link: _Link, effect: e.Log) -> None:
        _log.log(effect.level, "%s%s", _PREFIX, effect.text)

    def _report(self, link: _Link, effect: e.Report) -> None:
        self._ledger.report(effect.row | {"last_seen": int(self._clock.now())})

    def _claim(self, link: _Link, effect: e.Claim) -> None:
        self._decide(self._roster.claim(effect.node_id, link, self._clock.monotonic()))

    def _probe_answered(self, link: _Link, effect: e.ProbeAnswered) -> None:
        if link.session.hello is not None:
            self._decide(self._roster.answered(link.session.hello.node_id, link, effect.nonce))

    def _catch_up(self, link: _Link, effect: e.CatchUp) -> None:
        self._work(link, self._source.catch_up, lambda _: link.session.caught_up(), lambda _: [])

    def _fetch(self, link: _Link, effect: e.Fetch) -> None:
        self._work(
            link,
            partial(self._deliveries.answer, effect.pull, effect.max_payload),
            partial(link.session.fetched, effect.number),
            partial(link.session.fetch_failed, effect.number),
        )

    def _read_chunk(self, link: _Link, effect: e.ReadChunk) -> None:
        self._work(
            link,
            effect.stream.next_chunk,
            partial(link.session.chunk, effect.number),
            partial(link.session.chunk_failed, effect.number),
        )

    def _close_stream(self, link: _Link, effect: e.CloseStream) -> None:
        self._work(link, effect.stream.close, lambda _: [], lambda _: [])

    def _work(
        self,
        link: _Link,
        call: Callable[[], Any],
        done: Callable[[Any], list[e.Effect]],
        failed: Callable[[str], list[e.Effect]],
    ) -> None:
        """Run ``call`` in a thread, then give its result to the session."""

        async def run() -> None:
            try:
                result = await asyncio.get_running_loop().run_in_executor(self._executor, call)
            except GwctlError as error:
                self._perform(link, failed(error.message))
            except Exception as error:  # a fault of ours must not leave the data plane without an answer
                _log.exception("%swork for a link failed%s", _PREFIX, link.session.suffix)
                self._perform(link, failed(type(error).__name__))
            else:
                self._perform(link, done(result))

        # A link that ends meanwhile does not stop it: its session lets go of what comes too late.
        self._keep_until_done(self._tasks.spawn("hub-work", run()))

    def _keep_until_done(self, task: asyncio.Task[Any] | None) -> None:
        """The end of the hub waits for this task."""
        if task is not None:
            self._busy.add(task)
            task.add_done_callback(self._busy.discard)


_PERFORM: Mapping[type, Callable[[Hub, _Link, Any], None]] = {
    e.Send: Hub._send,
    e.Close: Hub._close,
    e.Log: Hub._write_log,
    e.Report: Hub._report,
    e.Claim: Hub._claim,
    e.ProbeAnswered: Hub._probe_answered,
    e.CatchUp: Hub._catch_up,
    e.Fetch: Hub._fetch,
    e.ReadChunk: Hub._read_chunk,
    e.CloseStream: Hub._close_stream,
}
