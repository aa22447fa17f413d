"""The configuration of response-ratelimiting (plugins-auth-traffic.md 3.14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gwctl.plugins.shared.limits import (
    NEEDS_REDIS,
    POLICIES,
    POLICIES_WITHOUT_CLUSTER,
    counts_in_database,
    disorder,
)
from gwctl.plugins.shared.redis import Redis, flat_redis
from gwctl.schema import fields
from gwctl.sdk import NodeFacts, PluginConfig, PluginSchema


class Limit(PluginConfig):
    """How many units of one kind are allowed."""

    second: float | None = fields.number(gt=0, help="units per second")
    minute: float | None = fields.number(gt=0, help="units per minute")
    hour: float | None = fields.number(gt=0, help="units per hour")
    day: float | None = fields.number(gt=0, help="units per day")
    month: float | None = fields.number(gt=0, help="units per month")
    year: float | None = fields.number(gt=0, help="units per year")


def _in_order(limit: Mapping[str, Any]) -> str | None:
    fault = disorder(limit)
    return None if fault is None else f"the {fault}"


class Config(PluginConfig, shorthands=flat_redis("response-ratelimiting")):
    """What the upstream may hand out, to whom, and where it is counted."""

    header_name: str | None = fields.string(
        default="x-kong-limit", help="header of the upstream's answer that says what was used"
    )
    limit_by: str | None = fields.string(
        default="consumer",
        one_of=("consumer", "credential", "ip"),
        help="what tells one client from another; the address where that is not there",
    )
    policy: str | None = fields.string(default="local", one_of=POLICIES, help="where units are counted")
    fault_tolerant: bool = fields.boolean(
        required=True, default=True, help="let requests pass while nothing can be counted"
    )
    redis: Redis = fields.record(Redis, required=True, help="the server of ``policy`` redis")
    block_on_first_violation: bool = fields.boolean(
        required=True, default=False, help="refuse requests once any limit is used up"
    )
    hide_client_headers: bool = fields.boolean(
        required=True, default=False, help="keep limits and what remains of them from the client"
    )
    limits: Mapping[str, Limit] = fields.map(
        fields.string(), fields.record(Limit, check=_in_order), required=True, len_min=1, help="limits by their name"
    )


class _ConfigWithoutCluster(Config):
    policy: str | None = fields.string(default="local", one_of=POLICIES_WITHOUT_CLUSTER, help="where units are counted")


def _on_node(facts: NodeFacts) -> PluginSchema:
    return SCHEMA if counts_in_database(facts) else replace(SCHEMA, config=_ConfigWithoutCluster)


SCHEMA = PluginSchema(name="response-ratelimiting", priority=900, config=Config, checks=NEEDS_REDIS, on_node=_on_node)
