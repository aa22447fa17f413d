"""A traditional node: Admin API and workers in one place.

A follower copies the database into the cache that the workers serve from; without a database a loader puts documents
there.
"""

from __future__ import annotations

from gwctl.node.cpus import usable_cpus
from gwctl.node.plan import API, FOLLOWER, LOADER, WORKER, NodePlan, ProcessPlan, is_declarative, planned
from gwctl.settings import TRADITIONAL, Settings

LOAD_SECONDS = 900.0
"""How long a start may take that has a document to load: the largest ones take minutes."""


def plan(settings: Settings) -> NodePlan:
    workers = settings.integer("workers") or usable_cpus()
    declarative = is_declarative(settings)
    keeper = (
        ProcessPlan(LOADER, "gwctl.node.loader", exclusive=True)
        if declarative
        else ProcessPlan(FOLLOWER, "gwctl.node.follower", exclusive=True)
    )
    return NodePlan(
        TRADITIONAL,
        (
            keeper,
            ProcessPlan(API, "gwctl.node.api", 1, planned(settings, "admin_listen")),
            ProcessPlan(WORKER, "gwctl.node.worker", workers, planned(settings, "proxy_listen")),
        ),
        patience=LOAD_SECONDS if declarative else 0.0,
    )
