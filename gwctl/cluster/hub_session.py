"""The control plane's side of one link, without input and output.

::

    GREETING ──hello──▶ CLAIMING ──granted──▶ LINKED
        └──────── refused, silent, bad message ──────▶ CLOSED

A linked data plane is told of new versions with ``changed`` and pulls what it lacks; a pull is answered with a delta or
with a snapshot whose chunks are sent while at most WINDOW of them wait to be stored. Every method takes the monotonic
time where it matters and returns effects; nothing a peer sends makes one raise.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from gwctl.cluster import messages as m
from gwctl.cluster.compatibility import (
    INCOMPATIBLE,
    NORMAL,
    choose_protocol,
    explain_protocols,
    judge_version,
    parse_version,
)
from gwctl.cluster.delivery import ChunkStream, DeltaReady
from gwctl.cluster.effects import (
    CatchUp,
    Claim,
    Close,
    CloseStream,
    Effect,
    Fetch,
    Log,
    ProbeAnswered,
    ReadChunk,
    Report,
    Send,
)
from gwctl.cluster.errors import MessageError
from gwctl.cluster.node_row import condition_of, row_of
from gwctl.cluster.protocol import (
    HEARTBEAT_INTERVAL,
    HELLO_LIMIT,
    HELLO_TIMEOUT,
    PROTOCOLS,
    SILENCE_FACTOR,
    WINDOW,
    CloseCode,
    close_reason,
)
from gwctl.kit.changes import Position
from gwctl.kit.ids import is_uuid
from gwctl.observe.logs import NOTICE


class Phase(Enum):
    GREETING = auto()
    CLAIMING = auto()
    LINKED = auto()
    CLOSED = auto()


@dataclass(frozen=True, slots=True)
class HubIdentity:
    """``version`` is in the reference's number space, ``gwctl_version`` is our own."""

    version: str
    gwctl_version: str
    heartbeat_interval: float = HEARTBEAT_INTERVAL


@dataclass(frozen=True, slots=True)
class Peer:
    """What is known before the hello: address and end of the client certificate (seconds since the epoch)."""

    ip: str
    certificate_expiry: float | None = None


class HubSession:
    """One link. ``position`` and ``plugins`` tell what the control plane has, and which plugins that needs."""

    def __init__(
        self,
        identity: HubIdentity,
        peer: Peer,
        position: Callable[[], Position],
        plugins: Callable[[], frozenset[str]],
        *,
        now: float,
    ) -> None:
        self.phase = Phase.GREETING
        self.peer = peer
        self.hello: m.Hello | None = None
        self._identity = identity
        self._position = position
        self._plugins = plugins
        self._since = now
        self._heard = now
        self._interval = identity.heartbeat_interval
        self._serving = m.NO_MARK
        self._sync_status = NORMAL
        self._last_error: dict[str, Any] | None = None
        self._told = m.NO_MARK
        self._pulls = 0
        self._fetching = False
        self._pull: m.Pull | None = None
        self._stream: ChunkStream | None = None
        self._credits = 0
        self._reading = False

    @property
    def suffix(self) -> str:
        """What ends every log line about this link."""
        if self.hello is None:
            return f" [ip: {self.peer.ip}]"
        hello = self.hello
        return f" [id: {hello.node_id}, host: {hello.hostname}, ip: {self.peer.ip}, version: {hello.version}]"

    # Messages

    def receive(self, data: str | bytes, now: float) -> list[Effect]:
        """A message came."""
        if self.phase is Phase.CLOSED:
            return []
        self._heard = now
        if len(data) > HELLO_LIMIT:
            return self._end(CloseCode.TOO_BIG, f"a message of {len(data)} bytes is too big")
        try:
            message = m.decode_from_data_plane(data)
        except MessageError as error:
            return self._end(CloseCode.BAD_MESSAGE, error.message)
        handle = _HANDLERS[self.phase].get(type(message))
        if handle is None:
            return self._end(CloseCode.BAD_MESSAGE, f"unexpected message {type(message).__name__}")
        return handle(self, message)

    def _on_hello(self, hello: m.Hello) -> list[Effect]:
        self.hello = hello
        self._serving = hello.serving
        if not is_uuid(hello.node_id):
            return self.refuse(f"the node id {hello.node_id!r} is not a UUID")
        if choose_protocol(hello.protocols) is None:
            return self._incompatible(explain_protocols(hello.protocols, hello.gwctl_version))
        verdict = judge_version(hello.version, self._identity.version)
        if verdict.problem is not None:
            return self._incompatible(verdict.problem)
        self.phase = Phase.CLAIMING
        remarks = [self._log(logging.INFO, verdict.remark)] if verdict.remark else []
        return [*remarks, Claim(hello.node_id)]

    def _incompatible(self, reason: str) -> list[Effect]:
        self._sync_status, self._last_error = INCOMPATIBLE, {"message": reason}
        # Parity: a version that is no version at all leaves no row (observed.md 3).
        row = [self._report()] if parse_version(self._greeting().version) else []
        return [*row, *self.refuse(reason, CloseCode.INCOMPATIBLE)]

    def _on_pull(self, pull: m.Pull) -> list[Effect]:
        self._pulls += 1
        self._pull = pull
        return [*self._drop_stream(), *self._fetch()]

    def _fetch(self) -> list[Effect]:
        """Have the newest pull answered, when no older one still is."""
        if self._fetching or self._pull is None:
            return []
        self._fetching = True
        return [Fetch(self._pulls, self._pull, self._greeting().max_payload)]

    def _on_more(self, _: m.More) -> list[Effect]:
        if self._stream is None:
            return []
        self._credits = min(self._credits + 1, WINDOW)
        return self._read_on()

    def _on_ack(self, ack: m.Ack) -> list[Effect]:
        self._serving, self._last_error = ack.serving, None
        text = f"data plane serves version {ack.serving.number}, hash {ack.serving.digest}"
        return [self._report(), self._log(logging.DEBUG, text)]

    def _on_nack(self, nack: m.Nack) -> list[Effect]:
        self._last_error = {"message": nack.reason, "version": nack.config.number}
        if nack.entity is not None:
            self._last_error |= {"entity": nack.entity, "key": nack.key}
        text = f"data plane did not apply version {nack.config.number}: {nack.reason}"
        return [self._report(), self._log(logging.ERROR, text)]

    def _on_heartbeat(self, heartbeat: m.DataPlaneHeartbeat) -> list[Effect]:
        self._serving = heartbeat.serving
        config = self._config()
        return [self._report(), Send(m.encode(m.ControlPlaneHeartbeat(config)), slot="heartbeat")]

    def _on_alive(self, alive: m.Alive) -> list[Effect]:
        return [ProbeAnswered(alive.nonce)]

    # Answers to effects

    def granted(self) -> list[Effect]:
        """The link has its node id."""
        if self.phase is not Phase.CLAIMING:
            return []
        hello, position = self._greeting(), self._position()
        self.phase = Phase.LINKED
        self._interval = hello.heartbeat_interval or self._interval
        config = self._config()
        self._told = config or m.NO_MARK
        welcome = m.Welcome(
            max(set(hello.protocols) & set(PROTOCOLS)),
            self._identity.version,
            self._identity.gwctl_version,
            self._interval,
            config,
        )
        effects: list[Effect] = [
            Send(m.encode(welcome)),
            self._report(),
            self._log(NOTICE, "data plane connected"),
        ]
        if hello.has.lineage == position.version.lineage and hello.has.number > position.version.number:
            effects.append(CatchUp())
        return effects

    def refuse(self, reason: str, code: int = CloseCode.BAD_MESSAGE) -> list[Effect]:
        """Do not accept the data plane, and tell it why."""
        if self.phase is Phase.CLOSED:
            return []
        return [Send(m.encode(m.Refused(reason))), *self._end(code, reason)]

    def replaced(self) -> list[Effect]:
        """Another link has taken over the node id."""
        if self.phase is Phase.CLOSED:
            return []
        return self._end(
            CloseCode.REPLACED, "the link did not answer; another link with the same node id took its place"
        )

    def probe(self, nonce: str) -> list[Effect]:
        """Ask whether the data plane is still there."""
        return [Send(m.encode(m.Probe(nonce)), slot="probe")] if self.phase is Phase.LINKED else []

    def announce(self) -> list[Effect]:
        """The source has another position: tell the data plane unless it was told."""
        config = self._config()
        if self.phase is not Phase.LINKED or config is None or config == self._told:
            return []
        self._told = config
        return [Send(m.encode(m.Changed(config)), slot="changed")]

    def caught_up(self) -> list[Effect]:
        """The source is at the end of the change log; a data plane that is still ahead must go back."""
        config = self._config()
        if self.phase is not Phase.LINKED or config is None:
            return []
        has = self._greeting().has
        if has.lineage != config.lineage or has.number <= config.number:
            return self.announce()
        self._told = config
        text = f"data plane has version {has.number}, the change log ends at {config.number}: full synchronisation"
        return [Send(m.encode(m.Changed(config, rewind=True)), slot="changed"), self._log(logging.WARNING, text)]

    def fetched(self, number: int, answer: DeltaReady | ChunkStream) -> list[Effect]:
        """The answer to pull ``number`` is ready."""
        self._fetching = False
        if self.phase is not Phase.LINKED or number != self._pulls:
            late: list[Effect] = [CloseStream(answer)] if isinstance(answer, ChunkStream) else []
            return [*late, *self._fetch_again()]
        if isinstance(answer, DeltaReady):
            return [Send(answer.data, slot="answer")]
        self._stream, self._credits = answer, WINDOW
        level = logging.WARNING if self._pull is not None and self._pull.has.lineage else logging.INFO
        begin = m.SnapshotBegin(answer.config, answer.records, answer.reason)
        text = f"full synchronisation of {answer.records} records to version {answer.config.number}: {answer.reason}"
        return [Send(m.encode(begin), slot="answer"), self._log(level, text), *self._read_on()]

    def fetch_failed(self, number: int, reason: str) -> list[Effect]:
        """Pull ``number`` cannot be answered."""
        self._fetching = False
        if self.phase is not Phase.LINKED or number != self._pulls:
            return self._fetch_again()
        return self._unreadable(reason)

    def chunk_failed(self, number: int, reason: str) -> list[Effect]:
        """A chunk of the answer to pull ``number`` cannot be read."""
        if self.phase is not Phase.LINKED or number != self._pulls:
            return []
        return self._unreadable(reason)

    def _unreadable(self, reason: str) -> list[Effect]:
        return self._end(CloseCode.FAILED, f"the configuration cannot be read: {reason}")

    def _fetch_again(self) -> list[Effect]:
        return self._fetch() if self.phase is Phase.LINKED else []

    def chunk(self, number: int, data: bytes | None) -> list[Effect]:
        """The next chunk of the answer to pull ``number``; None after the last one."""
        if self.phase is not Phase.LINKED or number != self._pulls or self._stream is None:
            return []
        self._reading = False
        if data is None:
            end = Send(m.encode(m.SnapshotEnd(self._stream.config)), slot="answer", follows=True)
            return [end, *self._drop_stream()]
        most = self._greeting().max_payload
        if len(data) > most:
            return self._undeliverable(f"a record takes {len(data)} bytes, cluster_max_payload of the node is {most}")
        self._credits -= 1
        return [Send(data, slot="answer", follows=True), *self._read_on()]

    def _undeliverable(self, reason: str) -> list[Effect]:
        self._last_error = {"message": reason}
        return [self._report(), *self._end(CloseCode.TOO_BIG, reason)]

    def _read_on(self) -> list[Effect]:
        if self._stream is None or self._reading or self._credits <= 0:
            return []
        self._reading = True
        return [ReadChunk(self._pulls, self._stream)]

    def _drop_stream(self) -> list[Effect]:
        stream, self._stream, self._reading = self._stream, None, False
        return [CloseStream(stream)] if stream is not None else []

    # Time and end

    def tick(self, now: float) -> list[Effect]:
        """Time has passed."""
        if self.phase is Phase.GREETING and now - self._since > HELLO_TIMEOUT:
            return self._end(CloseCode.BAD_MESSAGE, f"no hello within {HELLO_TIMEOUT:g} seconds")
        limit = self._interval * SILENCE_FACTOR
        if self.phase is Phase.LINKED and now - self._heard > limit:
            return self._end(CloseCode.SILENT, f"did not receive a message from data plane within {limit:g} seconds")
        return []

    def closed(self) -> list[Effect]:
        """The connection is gone."""
        linked, self.phase = self.phase is Phase.LINKED, Phase.CLOSED
        goodbye = [self._log(logging.INFO, "data plane disconnected")] if linked else []
        return [*self._drop_stream(), *goodbye]

    def _end(self, code: int, reason: str) -> list[Effect]:
        self.phase = Phase.CLOSED
        return [
            *self._drop_stream(),
            self._log(logging.ERROR, f"closing the link to the data plane: {reason}"),
            Close(code, close_reason(reason)),
        ]

    def _log(self, level: int, text: str) -> Log:
        return Log(level, text + self.suffix)

    def _greeting(self) -> m.Hello:
        if self.hello is None:
            raise RuntimeError("the data plane has not said hello")
        return self.hello

    def _config(self) -> m.Mark | None:
        position = self._position()
        return m.Mark.of(position) if position.version.lineage else None

    def _report(self) -> Report:
        hello = self._greeting()
        condition = condition_of(hello, self._sync_status, self._last_error, self._plugins())
        return Report(row_of(hello, self._serving, self.peer.ip, self.peer.certificate_expiry, condition))


_Handlers = Mapping[type, Callable[[HubSession, Any], list[Effect]]]

_HANDLERS: Mapping[Phase, _Handlers] = {
    Phase.GREETING: {m.Hello: HubSession._on_hello},
    Phase.CLAIMING: {},
    Phase.LINKED: {
        m.Pull: HubSession._on_pull,
        m.More: HubSession._on_more,
        m.Ack: HubSession._on_ack,
        m.Nack: HubSession._on_nack,
        m.DataPlaneHeartbeat: HubSession._on_heartbeat,
        m.Alive: HubSession._on_alive,
    },
    Phase.CLOSED: {},
}
