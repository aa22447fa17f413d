"""Names of the reference's shared dictionaries, met in real configurations (plugins-auth-traffic.md 3.12, 3.18).

This gateway has none of them: a plugin that names one keeps its data in a place of its own.
"""

from __future__ import annotations

_KNOWN = frozenset(
    {
        "kong",
        "kong_cluster_events",
        "kong_core_db_cache",
        "kong_core_db_cache_miss",
        "kong_db_cache",
        "kong_db_cache_miss",
        "kong_healthchecks",
        "kong_locks",
        "kong_rate_limiting_counters",
        "kong_secrets",
        "prometheus_metrics",
    }
)


def known_dictionary(name: str) -> str | None:
    """A rule for fields that name one."""
    return None if name in _KNOWN else f"missing shared dict '{name}'"
