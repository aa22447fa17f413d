"""A control plane: the Admin API and the hub of the cluster link."""

from __future__ import annotations

from gwctl.node.plan import API, HUB, NodePlan, ProcessPlan, planned
from gwctl.settings import CONTROL_PLANE, Settings


def plan(settings: Settings) -> NodePlan:
    return NodePlan(
        CONTROL_PLANE,
        (
            ProcessPlan(HUB, "gwctl.node.hub", 1, planned(settings, "cluster_listen"), exclusive=True),
            ProcessPlan(API, "gwctl.node.api", 1, planned(settings, "admin_listen")),
        ),
    )
