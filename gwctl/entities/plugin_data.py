"""What plugins keep for themselves (admin-api.md 1.10)."""

from __future__ import annotations

from gwctl.entities.common import Identified
from gwctl.schema import Entity, fields, typedefs

_PERIODS = ("second", "minute", "hour", "day", "month", "year")


class AcmeStorage(Identified, name="acme_storage", cache_key=("key",), ttl=True):
    """One entry of acme: an account, a certificate, a challenge."""

    key: str = fields.string(required=True, unique=True, auto=True)
    value: str = fields.string(required=True, auto=True, encrypted=True)
    created_at: int | None = fields.integer(auto=True, timestamp=True, help="seconds since the epoch")
    ttl: int | None = fields.integer(help="seconds until it ends")


class Session(
    Identified,
    name="sessions",
    endpoint_key="session_id",
    cache_key=("session_id",),
    ttl=True,
    exported=False,
    dumped=False,
):
    """One session of the session plugin."""

    session_id: str = fields.string(required=True, unique=True)
    expires: int | None = fields.integer()
    data: str | None = fields.string(encrypted=True)
    created_at: int | None = fields.integer(auto=True, timestamp=True, help="seconds since the epoch")
    ttl: int | None = fields.integer(help="seconds until it ends")


class RateLimitingMetric(
    Entity,
    name="ratelimiting_metrics",
    primary_key="identifier",
    unique=(("identifier", "period", "period_date", "service_id", "route_id"),),
    stored=False,
    exported=False,
    dumped=False,
    admin=False,
):
    """A counter of rate-limiting's policy ``cluster``; declared for its schema, counted elsewhere."""

    identifier: str = fields.string(required=True)
    period: str = fields.string(required=True, one_of=_PERIODS)
    period_date: int = fields.integer(required=True, timestamp=True)
    service_id: str = fields.string(typedefs.UUID, required=True, default="00000000-0000-0000-0000-000000000000")
    route_id: str = fields.string(typedefs.UUID, required=True, default="00000000-0000-0000-0000-000000000000")
    value: int = fields.integer(required=True)
    ttl: int | None = fields.integer(help="seconds until it ends")
