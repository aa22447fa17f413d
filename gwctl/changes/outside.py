"""Records that a document may refer to although they stand only in the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gwctl.kit.ids import is_uuid

if TYPE_CHECKING:
    from gwctl.store import Reads, Store

Find = Callable[[str, str, str], str | None]
"""(entity, field, value) → the id of the record, None when there is none."""


@contextmanager
def known_outside(store: Store, *, look: bool) -> Iterator[Find]:
    """A function that finds records of the database inside the block; nothing at all without ``look``.

    A document that replaces everything can refer only to what it holds, because nothing else stays.
    """
    if not look:
        yield lambda entity, field, value: None
        return
    with store.read() as reads:
        known: dict[tuple[str, str, str], str | None] = {}

        def find(entity: str, field: str, value: str) -> str | None:
            name = (entity, field, value)
            if name not in known:
                known[name] = _found(reads, entity, field, value)
            return known[name]

        yield find


def _found(reads: Reads, entity: str, field: str, value: str) -> str | None:
    if field == "id" and not is_uuid(value):
        return None
    record = reads.find(entity, field, value)
    return None if record is None else str(record["id"])
