"""A snapshot: what the requests of one version are served by."""

from __future__ import annotations

from gwctl.engine.chain.plan import Plan
from gwctl.engine.ports import RecordView
from gwctl.engine.router.index import RouteIndex
from gwctl.kit.version import Version


class Snapshot:
    """One version, with the view that its records are read from; the view is closed with its last user, once retired.

    ``routes`` is shared by successive snapshots and changed between two requests: a request asks it once and keeps the
    plan it found. ``missing_plugins`` are the names of configured plugins that this node lacks.
    """

    __slots__ = ("_retired", "_users", "_view", "missing_plugins", "routes", "version")

    def __init__(self, view: RecordView, routes: RouteIndex[Plan], missing_plugins: frozenset[str]) -> None:
        self.version: Version = view.version
        self.routes = routes
        self.missing_plugins = missing_plugins
        self._view = view
        self._users = 0
        self._retired = False

    @property
    def records(self) -> RecordView:
        """The records of this version."""
        return self._view

    def acquire(self) -> None:
        self._users += 1

    def release(self) -> None:
        self._users -= 1
        if self._retired and self._users == 0:
            self._view.close()

    def retire(self) -> None:
        """Nobody new will acquire it."""
        self._retired = True
        if self._users == 0:
            self._view.close()
