"""A traditional node: Admin API and workers in one place.

A follower copies the database into the cache that the workers serve from.
"""

from __future__ import annotations

from gwctl.node.cpus import usable_cpus
from gwctl.node.plan import API, FOLLOWER, WORKER, NodePlan, ProcessPlan, planned
from gwctl.settings import TRADITIONAL, Settings


def plan(settings: Settings) -> NodePlan:
    workers = settings.integer("workers") or usable_cpus()
    return NodePlan(
        TRADITIONAL,
        (
            ProcessPlan(FOLLOWER, "gwctl.node.follower", exclusive=True),
            ProcessPlan(API, "gwctl.node.api", 1, planned(settings, "admin_listen")),
            ProcessPlan(WORKER, "gwctl.node.worker", workers, planned(settings, "proxy_listen")),
        ),
    )
