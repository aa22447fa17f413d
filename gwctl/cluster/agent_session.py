"""The data plane's side of the link, without input and output. It outlives connections.

Link: DOWN ──connected──▶ GREETING ──welcome──▶ LINKED ──closed──▶ DOWN.

Work: IDLE ──pull──▶ PULLING ──delta──▶ APPLYING ──applied──▶ IDLE, or
PULLING ──snapshot_begin──▶ RECEIVING ──snapshot_end──▶ APPLYING. Only one piece of work runs at a time; what is
announced meanwhile is remembered, and only the newest version matters. A delta that does not fit to what is stored
leads to a snapshot, a snapshot that does not pass is refused with a nack and pulled again only when the version changes
or, after a failure of the disk, when some time has passed. Every piece of work has a token, so that results of
abandoned work are ignored.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from gwctl.cluster import messages as m
from gwctl.cluster.applier import Failure
from gwctl.cluster.effects import (
    AbandonSnapshot,
    Applied,
    ApplyDelta,
    BeginSnapshot,
    Close,
    Effect,
    FinishSnapshot,
    Incident,
    Linked,
    Log,
    Send,
    StoreChunk,
)
from gwctl.cluster.errors import MessageError
from gwctl.cluster.protocol import (
    HEARTBEAT_INTERVAL,
    HELLO_TIMEOUT,
    PROTOCOLS,
    SILENCE_FACTOR,
    CloseCode,
    close_reason,
)
from gwctl.kit.backoff import Backoff
from gwctl.kit.changes import Position
from gwctl.kit.version import Version

_PULL_PATIENCE = 4
"""Heartbeat intervals to wait for the answer to a pull."""
_NACK_LIMIT = 4000


class Link(Enum):
    DOWN = auto()
    GREETING = auto()
    LINKED = auto()


class Work(Enum):
    IDLE = auto()
    PULLING = auto()
    RECEIVING = auto()
    APPLYING = auto()


@dataclass(frozen=True, slots=True)
class NodeIdentity:
    """Who this node is; ``version`` is in the reference's number space, ``gwctl_version`` is our own."""

    node_id: str
    hostname: str
    version: str
    gwctl_version: str
    labels: Mapping[str, str]
    plugins: tuple[Mapping[str, str | None], ...] = ()


class AgentSession:
    def __init__(
        self,
        identity: NodeIdentity,
        position: Position,
        *,
        max_payload: int,
        heartbeat_interval: float | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self.link = Link.DOWN
        self.work = Work.IDLE
        self.refusal: str | None = None
        self.last_error: str | None = None
        self._identity = identity
        self._max_payload = max_payload
        self._wished_interval = heartbeat_interval
        self._interval = heartbeat_interval or HEARTBEAT_INTERVAL
        self._backoff = backoff or Backoff(1, 60)
        self._has = m.Mark.of(position)
        self._serving = m.NO_MARK
        self._target: m.Mark | None = None
        self._rewind = False
        self._full = False
        self._refused: Version | None = None
        self._retry_at: float | None = None
        self._token = 0
        self._config = m.NO_MARK
        self._sequence = 0
        self._snapshot_open = False
        self._heard = self._beat = self._pulled = 0.0

    @property
    def interval(self) -> float:
        """Seconds between heartbeats on this link."""
        return self._interval

    @property
    def synchronised(self) -> bool:
        """Whether every worker serves what the control plane last announced."""
        return self.link is Link.LINKED and self._serving == self._has == self._target

    # Connection

    def connected(self, now: float) -> list[Effect]:
        """A connection to a control plane is open."""
        self.link = Link.GREETING
        self.refusal = None
        self._heard = self._beat = now
        identity = self._identity
        hello = m.Hello(
            protocols=PROTOCOLS,
            node_id=identity.node_id,
            hostname=identity.hostname,
            version=identity.version,
            gwctl_version=identity.gwctl_version,
            labels=identity.labels,
            plugins=identity.plugins,
            has=self._has,
            serving=self._serving,
            heartbeat_interval=self._wished_interval,
            max_payload=self._max_payload,
        )
        return [Send(m.encode(hello))]

    def closed(self) -> list[Effect]:
        """The connection is gone. A delta or a complete snapshot that is being applied goes on."""
        self.link = Link.DOWN
        self._target = None
        if self.work is Work.APPLYING:
            return []
        return self._stop_work()

    def _stop_work(self) -> list[Effect]:
        self.work = Work.IDLE
        self._token += 1
        abandoned, self._snapshot_open = self._snapshot_open, False
        return [AbandonSnapshot(self._token)] if abandoned else []

    def receive(self, data: str | bytes, now: float) -> list[Effect]:
        """A message came."""
        if self.link is Link.DOWN:
            return []
        self._heard = now
        try:
            message = m.decode_from_control_plane(data)
        except MessageError as error:
            return self._fail(error.message)
        handle = _HANDLERS[self.link].get(type(message))
        if handle is None:
            return self._fail(f"unexpected message {type(message).__name__}")
        return handle(self, message, now)

    def tick(self, now: float) -> list[Effect]:
        """Time has passed: heartbeat, silence, delayed attempts."""
        if self.link is Link.DOWN:
            return []
        limit = HELLO_TIMEOUT if self.link is Link.GREETING else self._interval * SILENCE_FACTOR
        if now - self._heard > limit:
            text = f"did not receive a message from control plane within {limit:g} seconds"
            return self._fail(text, CloseCode.SILENT)
        if self.link is Link.GREETING:
            return []
        if self.work is Work.PULLING and now - self._pulled > self._interval * _PULL_PATIENCE:
            return self._fail("the control plane did not answer a request for configuration", CloseCode.SILENT)
        effects = self._advance(now)
        if now - self._beat >= self._interval:
            self._beat = now
            effects.append(Send(m.encode(m.DataPlaneHeartbeat(self._serving)), slot="heartbeat"))
        return effects

    def swapped(self, position: Position) -> list[Effect]:
        """Every worker serves ``position`` now."""
        self._serving = m.Mark.of(position)
        if self.link is not Link.LINKED:
            return []
        return [Send(m.encode(m.Ack(self._serving)), slot="ack")]

    def unserved(self, reason: str) -> list[Effect]:
        """A worker cannot serve what is stored and stays where it is; the control plane shows why."""
        self.last_error = reason
        if self.link is not Link.LINKED:
            return []
        return [Send(m.encode(m.Nack(self._has, reason[:_NACK_LIMIT])), slot="unserved")]

    # Messages

    def _on_welcome(self, welcome: m.Welcome, now: float) -> list[Effect]:
        if welcome.protocol not in PROTOCOLS:
            return self._fail(f"the control plane chose protocol {welcome.protocol}, which this node does not speak")
        self.link = Link.LINKED
        self._interval = self._wished_interval or welcome.heartbeat_interval
        self._target, self._rewind = welcome.config, False
        return [Linked(welcome.version, welcome.gwctl_version), *self._advance(now)]

    def _on_refused(self, refused: m.Refused, now: float) -> list[Effect]:
        self.refusal = refused.reason
        return []

    def _on_changed(self, changed: m.Changed, now: float) -> list[Effect]:
        self._target, self._rewind = changed.config, changed.rewind
        return self._advance(now)

    def _on_heartbeat(self, heartbeat: m.ControlPlaneHeartbeat, now: float) -> list[Effect]:
        if heartbeat.config is not None and heartbeat.config != self._target:
            self._target, self._rewind = heartbeat.config, False
        return self._advance(now)

    def _on_probe(self, probe: m.Probe, now: float) -> list[Effect]:
        return [Send(m.encode(m.Alive(probe.nonce)))]

    def _on_delta(self, delta: m.DeltaMessage, now: float) -> list[Effect]:
        if self.work is not Work.PULLING:
            return self._fail("a delta came that was not asked for")
        fits = delta.config.lineage == self._has.lineage and delta.after == self._has.number <= delta.config.number
        if not fits:
            return self._resync(f"a delta from version {delta.after} does not fit to version {self._has.number}", now)
        if delta.config == self._has:
            self.work = Work.IDLE
            return self._advance(now)
        self.work, self._config = Work.APPLYING, delta.config
        self._token += 1
        return [ApplyDelta(self._token, delta)]

    def _on_begin(self, begin: m.SnapshotBegin, now: float) -> list[Effect]:
        if self.work is not Work.PULLING:
            return self._fail("a snapshot came that was not asked for")
        if not begin.config.lineage:
            return self._fail("a snapshot of no change log came")
        self.work, self._config, self._sequence = Work.RECEIVING, begin.config, 0
        self._token += 1
        self._snapshot_open = True
        text = f"full synchronisation to version {begin.config.number} ({begin.records} records): {begin.reason}"
        return [BeginSnapshot(self._token), Incident(text) if self._has.lineage else Log(logging.INFO, text)]

    def _on_chunk(self, chunk: m.SnapshotChunk, now: float) -> list[Effect]:
        if self.work is not Work.RECEIVING:
            return []  # of a snapshot that was given up: what was under way still arrives
        if chunk.sequence != self._sequence:
            return self._fail("a chunk of a snapshot came out of order")
        self._sequence += 1
        return [StoreChunk(self._token, chunk.sequence, chunk.records)]

    def _on_end(self, end: m.SnapshotEnd, now: float) -> list[Effect]:
        if self.work is not Work.RECEIVING:
            return []
        if end.config != self._config:
            return self._fail("a snapshot ended at another version than it began with")
        self.work = Work.APPLYING
        return [FinishSnapshot(self._token, end.config)]

    # Results of work

    def stored(self, token: int, sequence: int) -> list[Effect]:
        """Chunk ``sequence`` of a snapshot is stored."""
        if token != self._token or self.link is not Link.LINKED:
            return []
        return [Send(m.encode(m.More(sequence)))]

    def applied(self, token: int, position: Position, now: float) -> list[Effect]:
        """The cache has what the work brought."""
        if token != self._token:
            return []
        self.work, self._has, self._snapshot_open = Work.IDLE, m.Mark.of(position), False
        self._full, self._refused, self._retry_at, self.last_error = False, None, None, None
        self._backoff.reset()
        return [Applied(position), *self._advance(now)]

    def failed(self, token: int, failure: Failure, now: float) -> list[Effect]:
        """The work did not succeed; nothing was applied."""
        if token != self._token:
            return []
        snapshot = self._snapshot_open
        stopped = self._stop_work()
        if failure.kind in ("digest", "conflict") and not snapshot:
            return [*stopped, *self._resync(failure.reason, now)]
        self.last_error = failure.reason
        if failure.kind == "storage":
            self._retry_at = now + self._backoff.next()
        else:
            self._refused, self._full = self._config.version, False
        text = f"unable to update running config: {_BLAME[failure.kind]}{failure.reason}"
        return [*stopped, Log(logging.ERROR, text), *self._nack(failure)]

    def _nack(self, failure: Failure) -> list[Effect]:
        if self.link is not Link.LINKED:
            return []
        key = failure.key[:4096] if failure.key else None
        nack = m.Nack(self._config, failure.reason[:_NACK_LIMIT], failure.entity or None, key)
        return [Send(m.encode(nack))]

    # Decisions

    def _advance(self, now: float) -> list[Effect]:
        """Ask for what is announced and missing, when nothing else is going on."""
        if self.link is not Link.LINKED or self.work is not Work.IDLE or not self._wanted(now):
            return []
        self.work, self._pulled = Work.PULLING, now
        return [Send(m.encode(m.Pull(self._has, self._full)))]

    def _wanted(self, now: float) -> bool:
        target, has = self._target, self._has
        if target is None or (self._retry_at is not None and now < self._retry_at) or self._was_refused(target):
            return False
        if self._full:
            return True
        if target.version == has.version:
            # The same version with other content: what is stored has drifted.
            self._full = target.digest != has.digest
            return self._full
        # A control plane that lags behind another one must not take this node back.
        return target.lineage != has.lineage or target.number > has.number or self._rewind

    def _was_refused(self, config: m.Mark) -> bool:
        return self._refused is not None and config.version == self._refused

    def _resync(self, why: str, now: float) -> list[Effect]:
        self.work, self._full = Work.IDLE, True
        return [Incident(f"the configuration is synchronised as a whole: {why}"), *self._advance(now)]

    def _fail(self, reason: str, code: int = CloseCode.BAD_MESSAGE) -> list[Effect]:
        self.refusal = reason
        return [*self.closed(), Close(code, close_reason(reason))]


_BLAME = {
    "invalid": "bad config received from control plane ",
    "conflict": "bad config received from control plane ",
    "digest": "bad config received from control plane ",
    "storage": "",
}

_Handlers = Mapping[type, Callable[[AgentSession, Any, float], list[Effect]]]

_HANDLERS: Mapping[Link, _Handlers] = {
    Link.DOWN: {},
    Link.GREETING: {m.Welcome: AgentSession._on_welcome, m.Refused: AgentSession._on_refused},
    Link.LINKED: {
        m.Refused: AgentSession._on_refused,
        m.Changed: AgentSession._on_changed,
        m.ControlPlaneHeartbeat: AgentSession._on_heartbeat,
        m.Probe: AgentSession._on_probe,
        m.DeltaMessage: AgentSession._on_delta,
        m.SnapshotBegin: AgentSession._on_begin,
        m.SnapshotChunk: AgentSession._on_chunk,
        m.SnapshotEnd: AgentSession._on_end,
    },
}
