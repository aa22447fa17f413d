"""A snapshot: what the requests of one version are served by."""

from __future__ import annotations

from collections import deque

from gwctl.engine.chain.plan import Plan
from gwctl.engine.ports import RecordView
from gwctl.engine.router.index import RouteIndex
from gwctl.kit.clock import Clock
from gwctl.kit.version import Version

MOST_RETIRED = 64
RETIRED_SECONDS = 30.0


class Snapshot:
    """One version, with the view that its records are read from; the view is closed with its last user, once retired.

    ``routes`` is shared by successive snapshots and changed between two requests: a request asks it once and keeps the
    plan it found. ``missing_plugins`` are the names of configured plugins that this node lacks.
    """

    __slots__ = ("_successors", "_users", "_view", "missing_plugins", "routes", "version")

    def __init__(self, view: RecordView, routes: RouteIndex[Plan], missing_plugins: frozenset[str]) -> None:
        self.version: Version = view.version
        self.routes = routes
        self.missing_plugins = missing_plugins
        self._view: RecordView | None = view
        self._users = 0
        self._successors: Snapshots | None = None

    @property
    def records(self) -> RecordView:
        """The records of this version; those of the current one for a request that outlived ``RETIRED_SECONDS``."""
        if self._view is not None:
            return self._view
        if self._successors is None or self._successors.current is None:
            raise RuntimeError("the engine has stopped")
        return self._successors.current.records

    @property
    def is_open(self) -> bool:
        """Whether it still holds its own view."""
        return self._view is not None

    def acquire(self) -> None:
        self._users += 1

    def release(self) -> None:
        self._users -= 1
        if self._successors is not None and self._users == 0:
            self.let_go()

    def retire(self, successors: Snapshots) -> None:
        """Nobody new will acquire it; who reads from it after ``let_go`` reads from the current one of these."""
        self._successors = successors
        if self._users == 0:
            self.let_go()

    def let_go(self) -> None:
        """Close the view, whoever may want to read from it later."""
        view, self._view = self._view, None
        if view is not None:
            view.close()


class Snapshots:
    """The current snapshot, and those before it whose requests are still under way.

    An old view keeps the pages that were replaced since from being used again, and takes one of a limited number of
    readers. So at most ``MOST_RETIRED`` are held, none much longer than ``RETIRED_SECONDS``: a tunnel that lasts for
    hours goes on with the plan that it has, and with the records of today.
    """

    def __init__(self, clock: Clock) -> None:
        self.current: Snapshot | None = None
        self._clock = clock
        self._retired: deque[tuple[float, Snapshot]] = deque()

    def swap(self, snapshot: Snapshot | None) -> None:
        """Make another one the current one."""
        old, self.current = self.current, snapshot
        if old is not None:
            old.retire(self)
            if old.is_open:
                self._retired.append((self._clock.monotonic(), old))
        self.tidy()

    def tidy(self) -> None:
        """Let go of what is not needed any more, or was for long enough."""
        if len(self._retired) > MOST_RETIRED:
            self._retired = deque(entry for entry in self._retired if entry[1].is_open)
        oldest = self._clock.monotonic() - RETIRED_SECONDS
        while self._retired:
            since, snapshot = self._retired[0]
            if snapshot.is_open and since > oldest and len(self._retired) <= MOST_RETIRED:
                break
            self._retired.popleft()
            snapshot.let_go()

    def close(self) -> None:
        """Let go of everything."""
        self.swap(None)
        while self._retired:
            self._retired.popleft()[1].let_go()
