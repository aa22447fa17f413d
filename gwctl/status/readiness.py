"""When a node may receive traffic (hybrid.md 10); the first condition that fails gives the message."""

from __future__ import annotations

from dataclasses import dataclass

from gwctl.kit.digest import ZEROS

READY = "ready"
NO_DATABASE = "failed to connect to database"


@dataclass(frozen=True, slots=True)
class ServingState:
    """What the processes of a node report.

    ``workers`` is how many there should be, ``routers`` and ``plans`` how many have built theirs;
    ``configuration_hash`` is None before any configuration was seen and 32 zeros for an empty one.
    """

    workers: int
    routers: int
    plans: int
    configuration_hash: str | None = None


def readiness(role: str, state: ServingState) -> tuple[bool, str]:
    """Ready or not, and the message of ``/status/ready``. The database is asked before this."""
    if role == "control_plane":
        return True, READY
    if role == "traditional":
        return _verdict(_traditional(state))
    return _verdict(_data_plane(state))


def _verdict(problem: str | None) -> tuple[bool, str]:
    return (True, READY) if problem is None else (False, problem)


def _traditional(state: ServingState) -> str | None:
    if state.routers < state.workers:
        return "router builds not yet complete"
    if state.plans < state.workers:
        return "plugins iterator build not yet complete"
    return None


def _data_plane(state: ServingState) -> str | None:
    if state.configuration_hash == ZEROS:
        return "no configuration available (empty configuration present)"
    if state.configuration_hash is None:
        return "no configuration available (configuration hash is not initialized)"
    if state.routers < state.workers:
        return f"router builds not yet complete, router ready in {state.routers} of {state.workers} workers"
    if state.plans < state.workers:
        return (
            "plugins iterator builds not yet complete, "
            f"plugins iterator ready in {state.plans} of {state.workers} workers"
        )
    return None
