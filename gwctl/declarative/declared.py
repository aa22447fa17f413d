"""Declared: a document that was accepted, as records ready to be stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gwctl.declarative.errors import Path
from gwctl.declarative.items import Origin
from gwctl.schema import RecordDict

DEFAULT_WORKSPACE = "0dc6f45b-8f8d-40d2-a504-473544ee190b"
"""The workspace that a document without one stands in (admin-api.md 1.0)."""


@dataclass(frozen=True, slots=True)
class Declared:
    """The records of a document: entity → primary key → record in stored form, parents before children.

    Every record is complete and valid, foreign keys are ``{"id": …}``; an entity without records is left out.
    ``hash`` is the reference's md5 (admin-api.md 3.5). With ``transform`` passwords are still to be hashed.
    ``derived`` and ``random`` hold the keys that the file did not name; all others it did. ``paths`` say where
    (entity, key) stands in the document, if that was asked for.
    """

    records: dict[str, dict[str, RecordDict]] = field(repr=False)
    hash: str
    format_version: str
    transform: bool
    derived: Mapping[str, frozenset[str]] = field(default_factory=dict)
    random: Mapping[str, frozenset[str]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    paths: Mapping[tuple[str, str], Path] = field(default_factory=dict, repr=False)
    workspace: str = DEFAULT_WORKSPACE

    def __iter__(self) -> Iterator[tuple[str, RecordDict]]:
        """(entity, record), parents before children."""
        for entity, records in self.records.items():
            for record in records.values():
                yield entity, record

    def __len__(self) -> int:
        return sum(map(len, self.records.values()))

    def origin(self, entity: str, key: str) -> Origin:
        """Where the key of a record comes from: the file, what names the record, or chance."""
        if key in self.derived.get(entity, ()):
            return "derived"
        return "random" if key in self.random.get(entity, ()) else "given"
