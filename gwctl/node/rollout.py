"""Which version the workers serve, and when all of them do. Sans-IO."""

from __future__ import annotations

from dataclasses import dataclass, field

from gwctl.node.messages import Available, Swapped


@dataclass(slots=True)
class Rollout:
    """Follows the workers of one node by pid. A worker counts from the first version it serves: it accepts nothing
    before.

    The methods return the version to acknowledge when every worker has just come to serve the newest one, else None.
    """

    target: Available | None = None
    serving: dict[int, Swapped] = field(default_factory=dict)
    _acknowledged: Swapped | None = None

    def available(self, message: Available) -> Swapped | None:
        """The cache holds a version now. An agent that started again says so again, and hears the answer again."""
        self.target = message
        self._acknowledged = None
        return self._complete()

    def swapped(self, pid: int, message: Swapped) -> Swapped | None:
        self.serving[pid] = message
        return self._complete()

    def left(self, pid: int) -> Swapped | None:
        """The worker ended or takes no new requests."""
        self.serving.pop(pid, None)
        return self._complete()

    @property
    def current(self) -> Swapped | None:
        """What the node serves: the version of a worker that lags, if one does; None when there is no worker."""
        lagging = [message for message in self.serving.values() if not self._is_target(message)]
        return next(iter(lagging or self.serving.values()), None)

    def _complete(self) -> Swapped | None:
        current = self.current
        if current is None or not self._is_target(current) or current == self._acknowledged:
            return None
        self._acknowledged = current
        return current

    def _is_target(self, message: Swapped) -> bool:
        target = self.target
        return target is not None and (message.version, message.digest) == (target.version, target.digest)
