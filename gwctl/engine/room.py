"""How many clients one worker takes (reliability.md F42): files must be left for upstreams, logs and the cache."""

from __future__ import annotations

import logging

from gwctl.kit.clock import Clock

_log = logging.getLogger("gwctl.engine")

MOST_CLIENTS = 16384
_KEPT_FILES = 64
_QUIET_SECONDS = 1.0


def clients_for(files: int) -> int:
    """The clients that a process may serve which may open ``files``: each needs a connection to an upstream too."""
    return max(1, min(MOST_CLIENTS, (files - _KEPT_FILES) // 2))


class Room:
    """Room for ``most`` clients. Says so in the log when it is full, at most once per second."""

    def __init__(self, most: int, clock: Clock) -> None:
        self.most = most
        self._clock = clock
        self._quiet_until = 0.0

    def for_one_more(self, clients: int) -> bool:
        """Whether another client may come when ``clients`` are here."""
        if clients < self.most:
            return True
        now = self._clock.monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + _QUIET_SECONDS
            _log.error(
                "%d clients are connected, as many as the limit of open files allows, others are dropped", clients
            )
        return False
