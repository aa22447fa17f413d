"""The metric arrays of a node: one row of the shared memory per worker process."""

from __future__ import annotations

from gwctl.engine.shared.memory import SharedMemory
from gwctl.observe.metrics import COLUMNS, MetricRow, Totals, totals


class MetricRows:
    """Raises ValueError for memory whose rows are too short."""

    def __init__(self, memory: SharedMemory) -> None:
        if memory.layout.columns < COLUMNS:
            raise ValueError(f"a row of metrics needs {COLUMNS} words")
        self._memory = memory

    def row(self, number: int) -> MetricRow:
        """The row of one process, for as long as it lives."""
        return MetricRow(self._words(number))

    def totals(self) -> Totals:
        """What all workers counted, those that are gone too."""
        return totals(self._words(number) for number in range(self._memory.layout.rows))

    def _words(self, number: int) -> memoryview[int]:
        start = self._memory.layout.metrics + number * self._memory.layout.columns
        return self._memory.words[start : start + self._memory.layout.columns]
