"""Which algorithm an upstream asks for."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from gwctl.engine.balancer.algorithm import Algorithm
from gwctl.engine.balancer.consistent_hashing import ConsistentHashing
from gwctl.engine.balancer.hashing import hash_rule
from gwctl.engine.balancer.latency import Latency
from gwctl.engine.balancer.least_connections import LeastConnections
from gwctl.engine.balancer.round_robin import RoundRobin

_SLOTS = 10000


def algorithm_of(record: Mapping[str, Any], now: Callable[[], float], rng: random.Random) -> Algorithm:
    """A new algorithm as ``record`` of an upstream says; ``now`` is monotonic seconds."""
    match record.get("algorithm"):
        case "consistent-hashing":
            return ConsistentHashing(hash_rule(record), record.get("slots") or _SLOTS)
        case "least-connections":
            return LeastConnections()
        case "latency":
            return Latency(now)
        case _:
            return RoundRobin(rng)
