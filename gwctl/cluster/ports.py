"""What the link needs from its surroundings; wired by the composition roots."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from gwctl.kit.changes import Delta, Position
from gwctl.kit.version import Version


class SourceSnapshot(Protocol):
    """All records at one position. Used by one thread at a time, not always the same."""

    @property
    def position(self) -> Position: ...

    def documents(self) -> Iterator[tuple[str, bytes]]:
        """(entity, canonical JSON) of every record, parents before children."""
        ...

    def close(self) -> None: ...


class ConfigSource(Protocol):
    """Where a control plane's link takes configuration from. Synchronous, callable from several threads."""

    @property
    def position(self) -> Position:
        """The newest position the source can give; never blocks."""
        ...

    @property
    def plugins(self) -> frozenset[str]:
        """The names of the plugins that its configuration needs; never blocks."""
        ...

    def catch_up(self) -> Position:
        """Follow the change log to its end first. Raises GwctlError when it cannot be read."""
        ...

    def delta_from(self, number: int) -> Delta | None:
        """The net change since version ``number`` of the same lineage, None when it is not known."""
        ...

    def open_snapshot(self) -> SourceSnapshot:
        """Everything at the newest position; close it afterwards."""
        ...


class SinkGeneration(Protocol):
    """A full set of records being written."""

    def put(self, entity: str, record: dict[str, Any]) -> None: ...

    def commit(self, version: Version, *, expected: int | None = None) -> Position: ...

    def abort(self) -> None: ...


class ConfigSink(Protocol):
    """Where a data plane's link puts configuration: the writer of the cache. Raises the errors of ``gwctl.cache``."""

    @property
    def position(self) -> Position: ...

    def apply(
        self,
        version: Version,
        changes: Iterable[tuple[str, str, dict[str, Any] | None]],
        *,
        expected: int | None = None,
    ) -> Position: ...

    def begin_generation(self) -> SinkGeneration: ...


class NodeLedger(Protocol):
    """The list of data planes. ``report`` takes a row of ``clustering_data_planes`` (without ``ttl``) and must return
    at once: writing it to a database is done elsewhere, and only the newest row of a node matters."""

    def report(self, row: dict[str, Any]) -> None: ...


Publish = Callable[[Position], None]
"""Called with every position the agent has applied, so that the workers follow."""
