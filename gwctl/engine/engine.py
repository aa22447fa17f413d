"""The engine of one worker: installs snapshots, serves listeners, drains."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import resource
import ssl
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from gwctl.engine.balancer.dns.config import DnsConfig, dns_config
from gwctl.engine.balancer.dns.resolver import Resolver
from gwctl.engine.balancer.ports import AllUp, Availability
from gwctl.engine.balancer.registry import Balancers
from gwctl.engine.chain.plugins import tell_missing
from gwctl.engine.config import EngineConfig, Timeouts, engine_config
from gwctl.engine.ports import AccessSink, BoundListener, EngineStats, RecordView
from gwctl.engine.proxy.client import ClientConnection, State
from gwctl.engine.proxy.greeting import Greeter, GreetingServer
from gwctl.engine.proxy.preamble import Announced
from gwctl.engine.proxy.runtime import Counters, HttpDate, Runtime
from gwctl.engine.room import Room, clients_for
from gwctl.engine.snapshot import Changed, Snapshot, Snapshots, Succession, take_apart
from gwctl.engine.tls.certificates import Certificates
from gwctl.engine.tls.listener import TlsGreeting, TlsListener
from gwctl.engine.tls.upstream import UpstreamTls
from gwctl.engine.upstream.pool import Pool
from gwctl.kit.accepting import let_accepted_appear
from gwctl.kit.clock import Clock
from gwctl.kit.tasks import Tasks
from gwctl.kit.version import NO_VERSION
from gwctl.observe.metrics import MetricRow
from gwctl.settings import Listener, Settings

_log = logging.getLogger("gwctl.engine")

_FILE_THREADS = 4
_IDLE_GRACE_SECONDS = 5.0
_BACKLOG = 16384


def _blank_tls() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


class Engine:
    """Serves requests by the snapshot installed last. Belongs to the event loop that first calls ``install``.

    ``tls`` makes the context of a listener with its default certificate, ``blank_tls`` those for other certificates.
    ``most_clients`` is what the limit of open files allows when it is None.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        node_id: str,
        clock: Clock,
        access_log: AccessSink | None,
        tls: Callable[[Listener], ssl.SSLContext],
        blank_tls: Callable[[], ssl.SSLContext] = _blank_tls,
        timeouts: Timeouts | None = None,
        most_clients: int | None = None,
        availability: Availability | None = None,
        metrics: MetricRow | None = None,
    ) -> None:
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._room = Room(most_clients or clients_for(files), clock)
        self._config: EngineConfig = engine_config(settings, timeouts or Timeouts())
        self._dns: DnsConfig = dns_config(settings)
        self._node_id = node_id
        self._clock = clock
        self._access_log = access_log
        self._tls = tls
        self._certificates = Certificates(lambda: self._current().records, blank_tls, clock)
        self._succession: Succession | None = None
        self._counters = Counters()
        self._metrics = metrics
        self._snapshots = Snapshots(clock)
        self._tasks = Tasks(_log)
        self._availability: Availability = availability or AllUp()
        self._balancing: Balancers | None = None
        self._runtime: Runtime | None = None
        self._connections: set[ClientConnection] = set()
        self._servers: list[asyncio.Server] = []
        self._greeters: list[Greeter] = []
        self._files = ThreadPoolExecutor(_FILE_THREADS, thread_name_prefix="files")
        self._fewer = asyncio.Event()
        self._draining = False
        self._installing = asyncio.Lock()

    async def install(self, view: RecordView, changed: Changed | None = None) -> None:
        """Make the snapshot of ``view`` beside the present one and swap. The view belongs to the engine from now on.

        ``changed`` are (entity, primary key) of all records that differ from ``reading()``; None when that is unknown.
        Raises SnapshotError; then the present snapshot stays and ``view`` is closed.
        """
        async with self._installing:
            try:
                snapshot = await self._succeeding().next(view, changed)
            except BaseException:
                view.close()
                raise
            old = self._snapshots.current
            self._snapshots.swap(snapshot)
            known = frozenset() if old is None else old.missing_plugins
            tell_missing(snapshot.missing_plugins - known, refuse=self._config.refuse_missing_plugins)
            if old is not None and old.routes is not snapshot.routes:
                self._tasks.spawn("take apart", take_apart(old.routes, self._clock))

    async def serve(self, listeners: Sequence[BoundListener]) -> None:
        """Accept connections on ``listeners``. A snapshot must have been installed."""
        self._current()
        loop = asyncio.get_running_loop()
        runtime = self._open(loop)
        for bound in listeners:
            bound.socket.setblocking(False)
            await self._listen(loop, bound, self._entrance(runtime, loop, bound))

    def _entrance(
        self, runtime: Runtime, loop: asyncio.AbstractEventLoop, bound: BoundListener
    ) -> Callable[[Announced | None], asyncio.Protocol]:
        """Makes the protocol of each connection, of which a PROXY header may have announced something."""
        listener, timeouts = bound.listener, runtime.config.timeouts
        port = runtime.config.public_port(bound.socket.getsockname()[1])

        def connect(https: bool, announced: Announced | None) -> ClientConnection:
            return ClientConnection(
                runtime,
                loop,
                port,
                https=https,
                joined=self._join,
                left=self._leave,
                misled=listener.ssl and not https,
                announced=announced,
            )

        if not listener.ssl:
            return partial(connect, False)
        tls = TlsListener(
            self._tls(listener),
            self._certificates,
            connect=connect,
            admit=self._may_greet,
            greeted=self._fewer.set,
            silence=timeouts.first_byte,
            handshake=timeouts.head,
        )
        self._greeters.append(tls)
        return partial(TlsGreeting, tls)

    async def _listen(
        self,
        loop: asyncio.AbstractEventLoop,
        bound: BoundListener,
        entrance: Callable[[Announced | None], asyncio.Protocol],
    ) -> None:
        backlog = bound.listener.backlog or _BACKLOG
        if not bound.listener.proxy_protocol:
            server = await loop.create_server(partial(entrance, None), sock=bound.socket, backlog=backlog)
            self._servers.append(server)
            return
        bound.socket.listen(backlog)
        self._greeters.append(
            GreetingServer(
                bound.socket,
                connect=entrance,
                admit=self._may_greet,
                greeted=self._fewer.set,
                seconds=self._config.timeouts.head,
            )
        )

    def _open(self, loop: asyncio.AbstractEventLoop) -> Runtime:
        if self._runtime is None:
            self._runtime = Runtime(
                config=self._config,
                clock=self._clock,
                pool=Pool(loop, self._config.pool),
                executor=self._files,
                access_log=self._access_log,
                snapshot=self._current,
                counters=self._counters,
                http_date=HttpDate(),
                metrics=self._metrics,
            )
        return self._runtime

    @property
    def balancers(self) -> Balancers:
        """Those of all upstreams that are served."""
        return self._balancers()

    def _balancers(self) -> Balancers:
        if self._balancing is None:
            now = self._clock.monotonic
            self._balancing = Balancers(Resolver(self._dns, now), self._availability, random.Random(), now)
        return self._balancing

    def _succeeding(self) -> Succession:
        if self._succession is None:
            refuse, flavor = self._config.refuse_missing_plugins, self._config.router_flavor
            tls = UpstreamTls(self._config.tls)
            self._succession = Succession(self._clock, tls, self._balancers(), refuse=refuse, flavor=flavor)
        return self._succession

    def _current(self) -> Snapshot:
        current = self._snapshots.current
        if current is None:
            raise RuntimeError("serve before install")
        return current

    def _may_greet(self) -> bool:
        return self._room.for_one_more(self._clients())

    @property
    def greeting(self) -> int:
        """Connections that have not begun with HTTP: in their TLS handshake, or before it."""
        return sum(server.greeting for server in self._greeters)

    def _clients(self) -> int:
        return len(self._connections) + self.greeting

    def _join(self, connection: ClientConnection) -> None:
        self._counters.accepted += 1
        full = not self._room.for_one_more(len(self._connections))
        self._connections.add(connection)
        if full:
            connection.abort()
        elif self._draining:
            connection.drain_soon()

    def _leave(self, connection: ClientConnection) -> None:
        self._connections.discard(connection)
        self._fewer.set()

    async def drain(self, deadline_seconds: float) -> None:
        """Stop accepting and return when every connection is gone, or after ``deadline_seconds``.

        Requests in flight finish. Idle connections may bring one more request for a while, whose response closes them.
        """
        self._draining = True
        self._close_listeners()
        await let_accepted_appear()
        for connection in self._connections:
            connection.drain_soon()
        grace = min(deadline_seconds / 2, _IDLE_GRACE_SECONDS)
        if await self._empty_within(grace):
            return
        for server in self._greeters:
            await server.stop()
        for connection in list(self._connections):
            connection.close_idle()
        if not await self._empty_within(deadline_seconds - grace):
            _log.warning("%d connections did not end in time", len(self._connections))

    async def _empty_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                while self._clients():
                    self._fewer.clear()
                    await self._fewer.wait()
        except TimeoutError:
            return False
        return True

    async def stop(self) -> None:
        """End everything at once and release the snapshot."""
        self._close_listeners()
        for server in self._greeters:
            await server.stop()
        for connection in list(self._connections):
            connection.stop()
        await self._empty_within(1.0)
        if self._runtime is not None:
            self._runtime.pool.close()
        if self._balancing is not None:
            await self._balancing.close()
        self._files.shutdown(wait=False, cancel_futures=True)
        await self._tasks.close()
        self._snapshots.close()

    def _close_listeners(self) -> None:
        for server in self._servers:
            server.close()
        for greeter in self._greeters:
            greeter.close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[RecordView]:
        """The records that new requests are served by, one version until the end of the block."""
        snapshot = self._current()
        snapshot.acquire()
        try:
            yield snapshot.records
        finally:
            snapshot.release()

    def stats(self) -> EngineStats:
        """Counters and the state of connections, for status and telemetry."""
        states = [connection.state for connection in self._connections]
        current = self._snapshots.current
        return EngineStats(
            accepted=self._counters.accepted,
            active=len(states),
            handled=self._counters.accepted,
            reading=states.count(State.READING),
            writing=states.count(State.EXCHANGE) + states.count(State.CLOSING),
            waiting=states.count(State.IDLE),
            total_requests=self._counters.requests,
            version=NO_VERSION if current is None else current.version,
        )
