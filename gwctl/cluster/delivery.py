"""What a control plane answers to a pull: a delta encoded once for all data planes, or a stream of snapshot chunks.

Records stay the canonical JSON text they are stored as; messages are built around it without decoding.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import NamedTuple

import orjson

from gwctl.cluster.errors import SourceUnavailable
from gwctl.cluster.messages import Mark, Pull
from gwctl.cluster.ports import ConfigSource, SourceSnapshot
from gwctl.cluster.protocol import CHUNK_SIZE, DELTA_LIMIT
from gwctl.kit.changes import Delta

_REMEMBERED_DELTAS = 16
_MESSAGE_OVERHEAD = 1024


class DeltaReady(NamedTuple):
    """An encoded delta that leads to ``config``."""

    data: bytes
    config: Mark


class ChunkStream:
    """All records of a source as encoded chunks of bounded size. Callable from several threads."""

    def __init__(self, snapshot: SourceSnapshot, reason: str, limit: int) -> None:
        self._snapshot = snapshot
        self._lock = threading.Lock()
        self._closed = False
        self._chunks = _encode_chunks(snapshot.documents(), limit)
        self.reason = reason
        self.config = Mark.of(snapshot.position)
        self.records = snapshot.position.records

    def next_chunk(self) -> bytes | None:
        """The next encoded chunk; None after the last one and after ``close``."""
        with self._lock:
            return None if self._closed else next(self._chunks, None)

    def close(self) -> None:
        """Let the records go, after a chunk that is just being read."""
        with self._lock:
            self._closed = True
            self._snapshot.close()


def _encode_chunks(documents: Iterator[tuple[str, bytes]], limit: int) -> Iterator[bytes]:
    pairs: list[bytes] = []
    size = sequence = 0
    for entity, text in documents:
        pair = b"[%b,%b]" % (orjson.dumps(entity), text)
        if pairs and size + len(pair) > limit:
            yield _chunk(sequence, pairs)
            pairs, size, sequence = [], 0, sequence + 1
        pairs.append(pair)
        size += len(pair)
    if pairs:
        yield _chunk(sequence, pairs)


def _chunk(sequence: int, pairs: list[bytes]) -> bytes:
    return b'{"type":"snapshot_chunk","sequence":%d,"records":[%b]}' % (sequence, b",".join(pairs))


def encode_delta(delta: Delta) -> bytes:
    """The text of a delta message."""
    config = Mark.of(delta.position)
    head = orjson.dumps(
        {"type": "delta", "lineage": config.lineage, "from": delta.after, "to": config.number, "digest": config.digest}
    )
    changes = b",".join(
        b'{"entity":%b,"key":%b,"record":%b}' % (orjson.dumps(entity), orjson.dumps(key), text or b"null")
        for entity, key, text in delta.changes
    )
    return b'%b,"changes":[%b]}' % (head[:-1], changes)


class Deliveries:
    """Answers pulls from a source. Synchronous; callable from several threads."""

    def __init__(self, source: ConfigSource) -> None:
        self._source = source
        self._deltas: OrderedDict[tuple[str, int, int, int], DeltaReady] = OrderedDict()
        self._lock = threading.Lock()

    def answer(self, pull: Pull, max_payload: int) -> DeltaReady | ChunkStream:
        """What the data plane lacks. Raises GwctlError when the source has nothing or cannot be read."""
        if not self._source.position.version.lineage:
            raise SourceUnavailable("there is no configuration yet")
        reason = self._why_everything(pull)
        if reason is None:
            ready = self._delta(pull.has, max_payload)
            if ready is not None:
                return ready
            reason = "the changes since its version are not known any more or too many"
        chunk_size = min(CHUNK_SIZE, max_payload - _MESSAGE_OVERHEAD)
        return ChunkStream(self._source.open_snapshot(), reason, chunk_size)

    def _why_everything(self, pull: Pull) -> str | None:
        position = self._source.position
        if pull.full:
            return "the data plane asked for it"
        if not pull.has.lineage:
            return "the data plane has no configuration yet"
        if pull.has.lineage != position.version.lineage:
            return f"the data plane's configuration is of another change log ({pull.has.lineage})"
        if pull.has.number > position.version.number:
            return f"the data plane's version {pull.has.number} is ahead of the change log at {position.version.number}"
        return None

    def _delta(self, has: Mark, max_payload: int) -> DeltaReady | None:
        position = self._source.position
        name = (has.lineage, has.number, position.version.number, position.digest)
        with self._lock:
            ready = self._deltas.get(name)
            if ready is None:
                ready = self._encode(has)
                if ready is None:
                    return None
                self._deltas[(has.lineage, has.number, ready.config.number, ready.config.digest_number)] = ready
                while len(self._deltas) > _REMEMBERED_DELTAS:
                    self._deltas.popitem(last=False)
        return ready if len(ready.data) <= min(DELTA_LIMIT, max_payload) else None

    def _encode(self, has: Mark) -> DeltaReady | None:
        delta = self._source.delta_from(has.number)
        if delta is None or delta.position.version.lineage != has.lineage:
            return None
        return DeltaReady(encode_delta(delta), Mark.of(delta.position))
