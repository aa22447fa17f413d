"""The health of addresses in a process of a node: its view of the memory that the processes share."""

from __future__ import annotations

from gwctl.engine.health.availability import NodeHealth
from gwctl.engine.shared.memory import SharedMemory
from gwctl.kit.clock import Clock
from gwctl.node.plan import Assignment


def node_health(assignment: Assignment, clock: Clock) -> NodeHealth:
    """For the process of ``assignment``. One without a node around it has memory of its own. Raises OSError."""
    memory = SharedMemory.create() if assignment.memory is None else SharedMemory(assignment.memory)
    return NodeHealth(memory, clock)
