"""A data plane: an agent that keeps the cache, and workers that serve from it."""

from __future__ import annotations

from gwctl.node.cpus import usable_cpus
from gwctl.node.plan import AGENT, WORKER, NodePlan, ProcessPlan, planned
from gwctl.settings import DATA_PLANE, Settings


def plan(settings: Settings) -> NodePlan:
    workers = settings.integer("workers") or usable_cpus()
    return NodePlan(
        DATA_PLANE,
        (
            ProcessPlan(AGENT, "gwctl.node.agent", exclusive=True),
            ProcessPlan(WORKER, "gwctl.node.worker", workers, planned(settings, "proxy_listen")),
        ),
    )
