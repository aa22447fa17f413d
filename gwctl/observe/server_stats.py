"""Connection and request counters of a listener, in the words of the reference's ``/status``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerStats:
    """Totals since start (``accepted``, ``handled``, ``requests``) and what is open now; summed with ``+``."""

    accepted: int = 0
    handled: int = 0
    requests: int = 0
    reading: int = 0
    writing: int = 0
    waiting: int = 0

    @property
    def active(self) -> int:
        return self.reading + self.writing + self.waiting

    def __add__(self, other: ServerStats) -> ServerStats:
        return ServerStats(
            accepted=self.accepted + other.accepted,
            handled=self.handled + other.handled,
            requests=self.requests + other.requests,
            reading=self.reading + other.reading,
            writing=self.writing + other.writing,
            waiting=self.waiting + other.waiting,
        )

    def as_dict(self) -> dict[str, int]:
        """The ``server`` object of ``/status`` (observed.md 2.3)."""
        return {
            "connections_accepted": self.accepted,
            "connections_active": self.active,
            "connections_handled": self.handled,
            "connections_reading": self.reading,
            "connections_waiting": self.waiting,
            "connections_writing": self.writing,
            "total_requests": self.requests,
        }
