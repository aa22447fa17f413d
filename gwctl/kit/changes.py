"""What travels between the change log, caches and links: a position, single changes, the net change of versions."""

from __future__ import annotations

from typing import Any, NamedTuple

from gwctl.kit.version import NO_VERSION, Version


class Position(NamedTuple):
    """What a holder of configuration has: its version, the digest over its records (kit.digest) and their count."""

    version: Version
    digest: int
    records: int


NOWHERE = Position(NO_VERSION, 0, 0)


class Change(NamedTuple):
    """One record as it is after a change, in stored form; ``record`` None means it is gone."""

    entity: str
    key: str
    record: dict[str, Any] | None


class Document(NamedTuple):
    """A ``Change`` whose record is still canonical JSON text, so that nobody decodes what is only passed on."""

    entity: str
    key: str
    text: bytes | None


class Delta(NamedTuple):
    """The net change from version ``after`` to ``position`` of one lineage.

    Upserts come first, parents before children; then deletions, children before parents.
    """

    after: int
    position: Position
    changes: tuple[Document, ...]
