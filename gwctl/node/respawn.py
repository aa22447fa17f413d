"""When a process that ended is started again. Sans-IO."""

from __future__ import annotations

from dataclasses import dataclass

STABLE_SECONDS = 5.0
FIRST_DELAY = 1.0
LONGEST_DELAY = 30.0


@dataclass(slots=True)
class Respawn:
    """The history of one slot: the first successor comes at once, those of a crash loop after 1, 2, 4 … 30 seconds.

    A process that served for ``STABLE_SECONDS`` ends the loop.
    """

    crashes: int = 0

    def delay(self, served_seconds: float) -> float:
        """Seconds to wait after a process ended that had served for ``served_seconds`` (0: it never became ready)."""
        if served_seconds >= STABLE_SECONDS:
            self.crashes = 0
        self.crashes += 1
        if self.crashes == 1:
            return 0.0
        return float(min(FIRST_DELAY * 2 ** (self.crashes - 2), LONGEST_DELAY))
