"""Limits for windows of time, and where they are counted (plugins-auth-traffic.md 3.13, 3.14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwctl.schema.checks import Conditional
from gwctl.sdk import NodeFacts

PERIODS = ("second", "minute", "hour", "day", "month", "year")

POLICIES = ("local", "cluster", "redis")
POLICIES_WITHOUT_CLUSTER = ("local", "redis")
"""Where data planes have no database to count in."""

NEEDS_REDIS = tuple(
    Conditional("config.policy", {"eq": "redis"}, f"config.redis.{name}", {"required": True})
    for name in ("host", "port", "timeout")
)


def counts_in_database(facts: NodeFacts) -> bool:
    """Whether the policy ``cluster`` can work on the nodes that serve the configuration."""
    return facts.database and facts.role == "traditional"


def disorder(limits: Mapping[str, Any]) -> str | None:
    """Of two limits the one for the longer window may not be lower; None when none is."""
    shorter: tuple[str, float] | None = None
    for period in PERIODS:
        limit = limits.get(period)
        if limit is None:
            continue
        if shorter is not None and limit < shorter[1]:
            return (
                f"limit for {period}({float(limit):.1f}) cannot be lower than the "
                f"limit for {shorter[0]}({float(shorter[1]):.1f})"
            )
        shorter = period, limit
    return None
