"""Changesets: plan what a document changes, and apply it as one version (floor 6)."""

from gwctl.changes.apply import apply
from gwctl.changes.carry import Carrying, VersionMismatch, import_, tell
from gwctl.changes.dump import exported
from gwctl.changes.model import Plan, PlannedChange
from gwctl.changes.orders import ApplyOrder, DumpOrder
from gwctl.changes.planning import PlanOptions, plan

__all__ = [
    "ApplyOrder",
    "Carrying",
    "DumpOrder",
    "Plan",
    "PlanOptions",
    "PlannedChange",
    "VersionMismatch",
    "apply",
    "exported",
    "import_",
    "plan",
    "tell",
]
