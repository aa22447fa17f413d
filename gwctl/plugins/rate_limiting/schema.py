"""The configuration of rate-limiting (plugins-auth-traffic.md 3.13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gwctl.plugins.shared.limits import (
    NEEDS_REDIS,
    PERIODS,
    POLICIES,
    POLICIES_WITHOUT_CLUSTER,
    counts_in_database,
    disorder,
)
from gwctl.plugins.shared.redis import Redis, flat_redis
from gwctl.schema import fields, typedefs
from gwctl.schema.checks import AtLeastOneOf, Conditional
from gwctl.sdk import NodeFacts, PluginConfig, PluginSchema

_LEAST_SYNC_RATE = 0.02
_NO_SYNC = -1


class Config(PluginConfig, shorthands=flat_redis("rate-limiting")):
    """How many requests are allowed, who counts as one client, and where they are counted."""

    second: float | None = fields.number(gt=0, help="requests per second")
    minute: float | None = fields.number(gt=0, help="requests per minute")
    hour: float | None = fields.number(gt=0, help="requests per hour")
    day: float | None = fields.number(gt=0, help="requests per day")
    month: float | None = fields.number(gt=0, help="requests per month")
    year: float | None = fields.number(gt=0, help="requests per year")
    limit_by: str | None = fields.string(
        default="consumer",
        one_of=("consumer", "credential", "ip", "service", "header", "path"),
        help="what tells one client from another; the address where that is not there",
    )
    policy: str | None = fields.string(default="local", one_of=POLICIES, help="where requests are counted")
    path: str | None = fields.string(typedefs.PATH, help="the path of ``limit_by`` path")
    header_name: str | None = fields.string(typedefs.HEADER_NAME, help="the header of ``limit_by`` header")
    error_code: float | None = fields.number(default=429, gt=0, help="status of the refusal")
    error_message: str | None = fields.string(default="API rate limit exceeded", help="text of the refusal")
    hide_client_headers: bool = fields.boolean(
        required=True, default=False, help="keep limits and what remains of them from the client"
    )
    fault_tolerant: bool = fields.boolean(
        required=True, default=True, help="let requests pass while nothing can be counted"
    )
    sync_rate: float | None = fields.number(
        default=_NO_SYNC, help="seconds between two exchanges with Redis; -1 for one with each request"
    )
    redis: Redis = fields.record(Redis, required=True, help="the server of ``policy`` redis")


class _ConfigWithoutCluster(Config):
    policy: str | None = fields.string(
        default="local", one_of=POLICIES_WITHOUT_CLUSTER, help="where requests are counted"
    )


def _sound(config: Mapping[str, Any]) -> str | None:
    fault = disorder(config)
    if fault is not None:
        return f"The {fault}"
    sync_rate = config.get("sync_rate", _NO_SYNC)
    if sync_rate == _NO_SYNC:
        return None
    if config.get("policy") != "redis":
        return "sync_rate can only be used with the redis policy"
    if sync_rate < _LEAST_SYNC_RATE:
        return "sync_rate must be greater than 0.02, or -1 to disable"
    return None


def _on_node(facts: NodeFacts) -> PluginSchema:
    return SCHEMA if counts_in_database(facts) else replace(SCHEMA, config=_ConfigWithoutCluster)


SCHEMA = PluginSchema(
    name="rate-limiting",
    priority=910,
    config=Config,
    checks=(
        AtLeastOneOf(tuple(f"config.{period}" for period in PERIODS)),
        *NEEDS_REDIS,
        Conditional("config.limit_by", {"eq": "header"}, "config.header_name", {"required": True}),
        Conditional("config.limit_by", {"eq": "path"}, "config.path", {"required": True}),
    ),
    check=_sound,
    on_node=_on_node,
)
