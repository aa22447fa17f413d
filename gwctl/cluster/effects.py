"""What a session wants done. Sessions return lists of effects in order; the shells carry them out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gwctl.cluster.delivery import ChunkStream
from gwctl.cluster.messages import DeltaMessage, Mark, Pull
from gwctl.kit.changes import Position


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message. What still waits in the same ``slot`` is forgotten, unless the message ``follows`` it."""

    data: bytes
    slot: str | None = None
    follows: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    """Send what waits, then close the link; the session is over."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Log:
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """A row for the node ledger; the shell adds the time."""

    row: dict[str, Any] = field(hash=False)


# Of a control plane's session


@dataclass(frozen=True, slots=True)
class Claim:
    """May this link have the node id? Answer with ``granted`` or ``refuse``."""

    node_id: str


@dataclass(frozen=True, slots=True)
class ProbeAnswered:
    """The data plane answered a probe."""

    nonce: str


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Follow the change log to its end, then call ``caught_up``."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """Prepare the answer to a pull, then call ``fetched`` or ``fetch_failed`` with the same number."""

    number: int
    pull: Pull
    max_payload: int


@dataclass(frozen=True, slots=True)
class ReadChunk:
    """Read the next chunk of a stream, then call ``chunk`` or ``chunk_failed`` with the same number."""

    number: int
    stream: ChunkStream


@dataclass(frozen=True, slots=True)
class CloseStream:
    stream: ChunkStream


# Of a data plane's session


@dataclass(frozen=True, slots=True)
class Linked:
    """The control plane accepted this node."""

    version: str
    gwctl_version: str


@dataclass(frozen=True, slots=True)
class ApplyDelta:
    """Validate and store a delta, then call ``applied`` or ``failed`` with the same token."""

    token: int
    delta: DeltaMessage


@dataclass(frozen=True, slots=True)
class BeginSnapshot:
    token: int


@dataclass(frozen=True, slots=True)
class StoreChunk:
    """Validate and store records of a snapshot, then call ``stored`` or ``failed``."""

    token: int
    sequence: int
    records: tuple[tuple[str, dict[str, Any]], ...]


@dataclass(frozen=True, slots=True)
class FinishSnapshot:
    """Make the stored records current, then call ``applied`` or ``failed``."""

    token: int
    config: Mark


@dataclass(frozen=True, slots=True)
class AbandonSnapshot:
    """Forget a snapshot that was begun."""

    token: int


@dataclass(frozen=True, slots=True)
class Applied:
    """The cache holds this now; the workers should follow."""

    position: Position


@dataclass(frozen=True, slots=True)
class Incident:
    """Something an operator should see although it was dealt with."""

    text: str


Effect = (
    Send
    | Close
    | Log
    | Report
    | Claim
    | ProbeAnswered
    | CatchUp
    | Fetch
    | ReadChunk
    | CloseStream
    | Linked
    | ApplyDelta
    | BeginSnapshot
    | StoreChunk
    | FinishSnapshot
    | AbandonSnapshot
    | Applied
    | Incident
)
