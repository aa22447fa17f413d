"""The composition root of each role."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gwctl.node import control_plane, data_plane, traditional
from gwctl.node.plan import NodePlan
from gwctl.settings import CONTROL_PLANE, DATA_PLANE, TRADITIONAL, Settings

PLANS: Mapping[str, Callable[[Settings], NodePlan]] = {
    CONTROL_PLANE: control_plane.plan,
    DATA_PLANE: data_plane.plan,
    TRADITIONAL: traditional.plan,
}


def plan_for(settings: Settings) -> NodePlan:
    return PLANS[settings.role](settings)
