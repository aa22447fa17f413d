"""Which worker writes which row of the node's metrics: one process per row, for as long as it lives."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from gwctl.node.plan import WORKER

ROWS = 256
"""As many as the shared memory has."""


class Rows:
    """The lowest free row first, so that a successor adds to what its predecessor counted."""

    def __init__(self, count: int = ROWS) -> None:
        self._free = set(range(count))

    @contextlib.contextmanager
    def taken(self, kind: str) -> Iterator[int | None]:
        """A row for a process of ``kind``; None when it needs none, or when more workers than rows are alive."""
        row = min(self._free) if kind == WORKER and self._free else None
        if row is None:
            yield None
            return
        self._free.discard(row)
        try:
            yield row
        finally:
            self._free.add(row)
