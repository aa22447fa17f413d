"""What a plan is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from gwctl.kit.version import NO_VERSION, Version
from gwctl.store.codec import Image, RowCodec

Op = Literal["create", "update", "delete"]


class CurrentRows(Protocol):
    """The records of a database at one moment, as images (`gwctl.store.codec`)."""

    def codec(self, entity: str) -> RowCodec: ...

    def keys(self, entity: str) -> set[str]: ...

    def images(self, entity: str) -> Iterator[Image]: ...


class Row(NamedTuple):
    """A record to write, in the compact forms of its table, of the change log and of the tags."""

    key: str
    image: Image
    text: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One step of a plan. ``fields``: what an update changes, dotted path → [old, new], secrets masked; ``row`` is None
    for deletions; ``retagged``: the tags differ."""

    op: Op
    entity: str
    key: str
    name: str | None = None
    fields: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    row: Row | None = None
    retagged: bool = False


class Parked(NamedTuple):
    """A unique ``column`` of the record ``key`` whose value another record takes over in the same changeset."""

    entity: str
    column: str
    key: str


@dataclass(slots=True)
class Plan:
    """How to get from the records of ``version`` to what a document wants: one changeset.

    ``changes``: creates and updates, parents first; then deletions, children first. ``total_existing``: how many
    records the document was compared with.
    """

    version: Version = NO_VERSION
    changes: list[PlannedChange] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    total_existing: int = 0

    def counts(self) -> dict[str, int]:
        """``{"created": n, "updated": n, "deleted": n}``"""
        found = Counter(change.op for change in self.changes)
        return {"created": found["create"], "updated": found["update"], "deleted": found["delete"]}
