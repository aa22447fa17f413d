"""What the processes of a node say to each other: newline-ended JSON objects, one class per kind of message. Sans-IO.

Every process has one connection to the supervisor, which passes on what concerns others (``supervisor``): a config
version made by the agent goes to the workers, and once all of them serve it the agent hears ``Swapped``. Unknown kinds
and fields are skipped, so that a command line of another version can still ask.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, get_type_hints

import orjson

from gwctl.kit.changes import Position
from gwctl.kit.digest import to_hex
from gwctl.kit.version import Version

MAX_LINE = 1 << 20
"""Bytes. Messages are notices, never configurations."""
MAX_TEXT = 1 << 16
"""Characters of one text; a longer one (errors of a document of some megabytes) is told without its end."""


@dataclass(frozen=True, slots=True)
class Hello:
    """First message of a child."""

    process: str
    slot: int
    pid: int


@dataclass(frozen=True, slots=True)
class Ready:
    """The child serves: its listeners accept, its link is dialling, its database is open."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The child cannot start; the message and hint are for people."""

    message: str
    hint: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Available:
    """The cache holds this version now (agent to workers).

    ``digest`` is the 32-digit config hash, ``records`` their number; ``label`` is the hash that is shown instead, on a
    node without a database.
    """

    lineage: str
    number: int
    digest: str
    records: int = 0
    label: str = ""

    @property
    def version(self) -> Version:
        return Version(self.lineage, self.number)


@dataclass(frozen=True, slots=True)
class Swapped:
    """The version is being served: by one worker (to the supervisor), or by every worker (to the agent)."""

    lineage: str
    number: int
    digest: str
    records: int = 0
    label: str = ""

    @property
    def version(self) -> Version:
        return Version(self.lineage, self.number)


@dataclass(frozen=True, slots=True)
class Refused:
    """A worker cannot serve the version and stays on the one before; ``reason`` names the entity."""

    lineage: str
    number: int
    reason: str

    @property
    def version(self) -> Version:
        return Version(self.lineage, self.number)


@dataclass(frozen=True, slots=True)
class Changed:
    """The change log grew to this version (api to hub or follower)."""

    lineage: str
    number: int

    @property
    def version(self) -> Version:
        return Version(self.lineage, self.number)


@dataclass(frozen=True, slots=True)
class Stats:
    """Sent every second, so it is the sign of life too. ``values`` are figures of the process kind."""

    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Node:
    """What the api process shows of the whole node: ``pids``, ``server`` figures and ``workers``.

    It comes every second, and at once when a process comes or goes.
    """

    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """The api process asks its node: the supervisor, or a worker through it. ``number`` is for the ``Reply``."""

    number: int
    about: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """To the ``Question`` of that number. ``error`` is empty when it was answered."""

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """Load the document that waits in the directory ``place`` (api process or supervisor to loader)."""

    place: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """The end of a ``Load``: ``status`` as HTTP says it. ``message`` is for people, when there is no body in ``place``.

    Without a ``place`` it ends every load that a loader has under way: it is gone.
    """

    place: str
    status: int
    message: str = ""
    retry_after: int = 0


@dataclass(frozen=True, slots=True)
class Drain:
    """Take no new work, finish what is in flight within ``seconds``, end."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ReopenLogs:
    """Open the log files again under their names (SIGUSR1)."""


@dataclass(frozen=True, slots=True)
class LogLevel:
    level: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A question of the command line: ``status``, ``reload`` or ``log-level``, with its arguments."""

    about: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """To an ``Ask``. ``error`` is empty when it was done."""

    values: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    hint: str = ""


Message: TypeAlias = (
    Hello
    | Ready
    | Failed
    | Available
    | Swapped
    | Refused
    | Changed
    | Stats
    | Node
    | Question
    | Reply
    | Load
    | Loaded
    | Drain
    | ReopenLogs
    | LogLevel
    | Ask
    | Answer
)

KINDS: Mapping[str, type[Message]] = {
    "hello": Hello,
    "ready": Ready,
    "failed": Failed,
    "version": Available,
    "swapped": Swapped,
    "refused": Refused,
    "changed": Changed,
    "stats": Stats,
    "node": Node,
    "question": Question,
    "reply": Reply,
    "load": Load,
    "loaded": Loaded,
    "drain": Drain,
    "reopen-logs": ReopenLogs,
    "log-level": LogLevel,
    "ask": Ask,
    "answer": Answer,
}
_NAMES: Mapping[type[Message], str] = {kind: name for name, kind in KINDS.items()}
_TYPES: Mapping[type[Message], Mapping[str, Any]] = {
    kind: {
        name: hint for name, hint in get_type_hints(kind).items() if name in {f.name for f in dataclasses.fields(kind)}
    }
    for kind in KINDS.values()
}


class BadMessage(ValueError):
    """A line that is not a message, or one that never ends. The connection is of no use any more."""


def available(position: Position, label: str = "") -> Available:
    """The message that a cache is at ``position``."""
    (lineage, number), digest, records = position
    return Available(lineage, number, to_hex(digest), records, label)


def encode(message: Message) -> bytes:
    """One line, its newline included."""
    kind = type(message)
    body = {"type": _NAMES[kind]} | {name: _bounded(getattr(message, name)) for name in _TYPES[kind]}
    return orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)


def _bounded(value: Any) -> Any:
    return f"{value[:MAX_TEXT]}…" if isinstance(value, str) and len(value) > MAX_TEXT else value


class Decoder:
    """Bytes in, messages out. Raises BadMessage."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Message]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_LINE:
            raise BadMessage(f"a message of more than {MAX_LINE} bytes")
        decoded = (_decode(line) for line in lines)
        return [message for message in decoded if message is not None]


def _decode(line: bytes) -> Message | None:
    try:
        body = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadMessage(f"not JSON: {error}") from error
    if not isinstance(body, dict):
        raise BadMessage("not an object")
    kind = KINDS.get(str(body.get("type")))
    if kind is None:
        return None
    values = {name: _typed(kind, name, expected, body[name]) for name, expected in _TYPES[kind].items() if name in body}
    try:
        return kind(**values)
    except TypeError as error:
        raise BadMessage(f"{body['type']}: {error}") from error


def _typed(kind: type[Message], name: str, expected: Any, value: Any) -> Any:
    plain = dict if getattr(expected, "__origin__", None) is dict else expected
    if plain is float and type(value) is int:
        return float(value)
    if type(value) is not plain:
        raise BadMessage(f"{_NAMES[kind]}.{name}: expected {plain.__name__}")
    return value
