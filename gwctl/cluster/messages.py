"""The messages of the native link: JSON objects with a ``type``, one text frame each.

Data plane → control plane: hello, pull, more, ack, nack, heartbeat, alive.
Control plane → data plane: welcome, refused, changed, delta, snapshot_begin, snapshot_chunk, snapshot_end, heartbeat,
probe. ``encode`` writes one, ``decode_from_data_plane`` and ``decode_from_control_plane`` read the peer's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import orjson

from gwctl.cluster.errors import MessageError
from gwctl.cluster.fields import Fields, parse_object
from gwctl.kit.changes import Change, Position
from gwctl.kit.digest import ZEROS, from_hex, to_hex
from gwctl.kit.version import Version

_MANY = 1_000_000


class Mark(NamedTuple):
    """A position as it travels: lineage, number and digest."""

    lineage: str
    number: int
    digest: str

    @classmethod
    def of(cls, position: Position) -> Mark:
        return cls(position.version.lineage, position.version.number, to_hex(position.digest))

    @property
    def version(self) -> Version:
        return Version(self.lineage, self.number)

    @property
    def digest_number(self) -> int:
        return from_hex(self.digest)


NO_MARK = Mark("", 0, ZEROS)


def _mark(document: Fields) -> Mark:
    return Mark(document.text("lineage", limit=64, empty=True), document.integer("number"), document.digest("digest"))


@dataclass(frozen=True, slots=True)
class Hello:
    """The first message: who the data plane is, what it has stored and what its workers serve."""

    protocols: tuple[int, ...]
    node_id: str
    hostname: str
    version: str
    gwctl_version: str
    labels: Mapping[str, str]
    plugins: tuple[Mapping[str, str | None], ...]
    has: Mark
    serving: Mark
    heartbeat_interval: float | None
    max_payload: int

    @classmethod
    def read(cls, document: Fields) -> Hello:
        return cls(
            protocols=_protocols(document),
            node_id=document.text("node_id", limit=64),
            hostname=document.text("hostname", limit=255),
            version=document.text("version", limit=64),
            gwctl_version=document.text("gwctl_version", limit=64),
            labels=document.texts("labels", items=64, limit=256),
            plugins=_plugins(document),
            has=_mark(document.object("has")),
            serving=_mark(document.object("serving")),
            heartbeat_interval=_interval(document) if document.has("heartbeat_interval") else None,
            max_payload=document.integer("max_payload", least=1024),
        )


def _protocols(document: Fields) -> tuple[int, ...]:
    numbers = document.list("protocols", limit=32)
    if not all(isinstance(number, int) and not isinstance(number, bool) for number in numbers):
        raise MessageError("hello.protocols must be a list of integers")
    return tuple(numbers)


def _plugins(document: Fields) -> tuple[Mapping[str, str | None], ...]:
    found: list[Mapping[str, str | None]] = []
    for plugin in document.list("plugins", limit=1000):
        if not isinstance(plugin, dict):
            raise MessageError("hello.plugins must be a list of objects")
        entry = Fields(plugin, "hello.plugins")
        version = entry.text("version", limit=64) if entry.has("version") else None
        found.append({"name": entry.text("name", limit=128), "version": version})
    return tuple(found)


def _interval(document: Fields) -> float:
    return document.seconds("heartbeat_interval", least=0.01, most=3600)


@dataclass(frozen=True, slots=True)
class Welcome:
    """The answer to an accepted hello. ``config`` is None while the control plane has none to give."""

    protocol: int
    version: str
    gwctl_version: str
    heartbeat_interval: float
    config: Mark | None

    @classmethod
    def read(cls, document: Fields) -> Welcome:
        return cls(
            protocol=document.integer("protocol"),
            version=document.text("version", limit=64),
            gwctl_version=document.text("gwctl_version", limit=64),
            heartbeat_interval=_interval(document),
            config=_mark(document.object("config")) if document.has("config") else None,
        )


@dataclass(frozen=True, slots=True)
class Refused:
    """The data plane is not accepted; the link is closed next."""

    reason: str

    @classmethod
    def read(cls, document: Fields) -> Refused:
        return cls(document.text("reason", limit=2000, empty=True))


@dataclass(frozen=True, slots=True)
class Changed:
    """There is another version. ``rewind``: the change log really ends before what the data plane has."""

    config: Mark
    rewind: bool = False

    @classmethod
    def read(cls, document: Fields) -> Changed:
        return cls(_mark(document.object("config")), document.flag("rewind"))


@dataclass(frozen=True, slots=True)
class Pull:
    """Give me what I lack; with ``full`` everything, whatever I have."""

    has: Mark
    full: bool

    @classmethod
    def read(cls, document: Fields) -> Pull:
        return cls(_mark(document.object("has")), document.flag("full"))


@dataclass(frozen=True, slots=True)
class DeltaMessage:
    """The net change from version ``after`` to ``config``."""

    after: int
    config: Mark
    changes: tuple[Change, ...]

    @classmethod
    def read(cls, document: Fields) -> DeltaMessage:
        config = Mark(document.text("lineage", limit=64), document.integer("to"), document.digest("digest"))
        return cls(document.integer("from"), config, tuple(map(_change, document.list("changes", limit=_MANY))))


def _change(item: Any) -> Change:
    if not isinstance(item, dict):
        raise MessageError("delta.changes must be a list of objects")
    document = Fields(item, "delta.changes")
    record = item.get("record")
    if record is not None and not isinstance(record, dict):
        raise MessageError("delta.changes.record must be an object or null")
    return Change(document.text("entity", limit=64), document.text("key", limit=4096), record)


@dataclass(frozen=True, slots=True)
class SnapshotBegin:
    """All records follow in chunks. ``reason`` says why it is not a delta."""

    config: Mark
    records: int
    reason: str

    @classmethod
    def read(cls, document: Fields) -> SnapshotBegin:
        reason = document.text("reason", limit=500, empty=True)
        return cls(_mark(document.object("config")), document.integer("records"), reason)


@dataclass(frozen=True, slots=True)
class SnapshotChunk:
    """Some records with their entities, parents before children."""

    sequence: int
    records: tuple[tuple[str, dict[str, Any]], ...]

    @classmethod
    def read(cls, document: Fields) -> SnapshotChunk:
        return cls(document.integer("sequence"), tuple(map(_pair, document.list("records", limit=_MANY))))


def _pair(item: Any) -> tuple[str, dict[str, Any]]:
    if not isinstance(item, list) or len(item) != 2 or not isinstance(item[0], str) or not isinstance(item[1], dict):
        raise MessageError("snapshot_chunk.records must be a list of [entity, record]")
    return item[0], item[1]


@dataclass(frozen=True, slots=True)
class SnapshotEnd:
    config: Mark

    @classmethod
    def read(cls, document: Fields) -> SnapshotEnd:
        return cls(_mark(document.object("config")))


@dataclass(frozen=True, slots=True)
class More:
    """Chunk ``sequence`` is stored; another may be sent."""

    sequence: int

    @classmethod
    def read(cls, document: Fields) -> More:
        return cls(document.integer("sequence"))


@dataclass(frozen=True, slots=True)
class Ack:
    """Every worker of the data plane serves this."""

    serving: Mark

    @classmethod
    def read(cls, document: Fields) -> Ack:
        return cls(_mark(document.object("serving")))


@dataclass(frozen=True, slots=True)
class Nack:
    """The data plane did not apply ``config``; ``entity`` and ``key`` name the offending record when there is one."""

    config: Mark
    reason: str
    entity: str | None = None
    key: str | None = None

    @classmethod
    def read(cls, document: Fields) -> Nack:
        return cls(
            _mark(document.object("config")),
            document.text("reason", limit=8000, empty=True),
            document.text("entity", limit=64) if document.has("entity") else None,
            document.text("key", limit=4096) if document.has("key") else None,
        )


@dataclass(frozen=True, slots=True)
class DataPlaneHeartbeat:
    serving: Mark

    @classmethod
    def read(cls, document: Fields) -> DataPlaneHeartbeat:
        return cls(_mark(document.object("serving")))


@dataclass(frozen=True, slots=True)
class ControlPlaneHeartbeat:
    config: Mark | None

    @classmethod
    def read(cls, document: Fields) -> ControlPlaneHeartbeat:
        return cls(_mark(document.object("config")) if document.has("config") else None)


@dataclass(frozen=True, slots=True)
class Probe:
    """Are you still there? Somebody else came with your node id."""

    nonce: str

    @classmethod
    def read(cls, document: Fields) -> Probe:
        return cls(document.text("nonce", limit=64))


@dataclass(frozen=True, slots=True)
class Alive:
    nonce: str

    @classmethod
    def read(cls, document: Fields) -> Alive:
        return cls(document.text("nonce", limit=64))


FromDataPlane = Hello | Pull | More | Ack | Nack | DataPlaneHeartbeat | Alive
FromControlPlane = (
    Welcome
    | Refused
    | Changed
    | DeltaMessage
    | SnapshotBegin
    | SnapshotChunk
    | SnapshotEnd
    | ControlPlaneHeartbeat
    | Probe
)

_READ_FROM_DATA_PLANE: Mapping[str, Callable[[Fields], FromDataPlane]] = {
    "hello": Hello.read,
    "pull": Pull.read,
    "more": More.read,
    "ack": Ack.read,
    "nack": Nack.read,
    "heartbeat": DataPlaneHeartbeat.read,
    "alive": Alive.read,
}
_READ_FROM_CONTROL_PLANE: Mapping[str, Callable[[Fields], FromControlPlane]] = {
    "welcome": Welcome.read,
    "refused": Refused.read,
    "changed": Changed.read,
    "delta": DeltaMessage.read,
    "snapshot_begin": SnapshotBegin.read,
    "snapshot_chunk": SnapshotChunk.read,
    "snapshot_end": SnapshotEnd.read,
    "heartbeat": ControlPlaneHeartbeat.read,
    "probe": Probe.read,
}
_TYPES: Mapping[type, str] = {
    Hello: "hello",
    Pull: "pull",
    More: "more",
    Ack: "ack",
    Nack: "nack",
    DataPlaneHeartbeat: "heartbeat",
    Alive: "alive",
    Welcome: "welcome",
    Refused: "refused",
    Changed: "changed",
    SnapshotBegin: "snapshot_begin",
    SnapshotEnd: "snapshot_end",
    ControlPlaneHeartbeat: "heartbeat",
    Probe: "probe",
}


def decode_from_data_plane(data: str | bytes) -> FromDataPlane:
    """Raises MessageError."""
    kind, document = _open(data)
    read = _READ_FROM_DATA_PLANE.get(kind)
    if read is None:
        raise MessageError(f"unknown type of message {kind[:40]!r}")
    return read(Fields(document, kind))


def decode_from_control_plane(data: str | bytes) -> FromControlPlane:
    """Raises MessageError."""
    kind, document = _open(data)
    read = _READ_FROM_CONTROL_PLANE.get(kind)
    if read is None:
        raise MessageError(f"unknown type of message {kind[:40]!r}")
    return read(Fields(document, kind))


def _open(data: str | bytes) -> tuple[str, dict[str, Any]]:
    document = parse_object(data)
    kind = document.get("type")
    if not isinstance(kind, str):
        raise MessageError("the message has no type")
    return kind, document


def encode(message: FromDataPlane | FromControlPlane) -> bytes:
    """The JSON text of a message; deltas and chunks are written by ``delivery`` from stored text."""
    body = {"type": _TYPES[type(message)]}
    for field in fields(message):
        body[field.name] = _plain(getattr(message, field.name))
    return orjson.dumps(body)


def _plain(value: Any) -> Any:
    return value._asdict() if isinstance(value, Mark) else value
