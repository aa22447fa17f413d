"""What the composition root gives to the Admin API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gwctl.admin.ports import ConfigLoading, NodeControl, Store
from gwctl.changes.process import ChangeProcesses
from gwctl.entities.catalog import Catalog
from gwctl.kit.clock import Clock
from gwctl.kit.version import Version
from gwctl.settings import Settings

if TYPE_CHECKING:
    from gwctl.admin.routing import Endpoint, Wrapper


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """Facts about the node that serves the API.

    ``pids`` returns ``{"master": int, "workers": [int]}``; ``plugins`` maps the installed plugins to
    ``{"version": str, "priority": int}``; ``workers`` returns ``{"pid", "memory"}`` (bytes) per process;
    ``server_stats`` returns the ``server`` object of ``/status``; ``control`` reaches the
    other processes.
    """

    node_id: str
    hostname: str
    pids: Callable[[], Mapping[str, Any]]
    plugins: Mapping[str, Mapping[str, Any]]
    workers: Callable[[], Sequence[Mapping[str, int]]]
    server_stats: Callable[[], Mapping[str, int]]
    control: NodeControl


@dataclass(frozen=True, slots=True)
class Additions:
    """What plugins add to the Admin API: endpoints of their own, and what is done around those that are there.

    ``around`` is by path, as ``/endpoints`` lists it, and concerns every method of that path.
    """

    endpoints: Sequence[Endpoint] = ()
    around: Mapping[str, Wrapper] = field(default_factory=dict)


NO_ADDITIONS = Additions()


@dataclass(frozen=True, slots=True)
class AdminContext:
    """``on_commit`` is called on the event loop after each commit and before its answer; ``loading`` is given on nodes
    without a database, ``changes`` on nodes with one.

    ``executor`` runs every call of ``store``; ``deadline`` is how many seconds an answer may wait for the database.
    """

    catalog: Catalog
    store: Store
    settings: Settings
    node: NodeFacts
    executor: Executor
    on_commit: Callable[[Version], None]
    clock: Clock
    deadline: float = 15.0
    loading: ConfigLoading | None = None
    changes: ChangeProcesses | None = None
    additions: Additions = NO_ADDITIONS
