"""The health checks of an upstream (admin-api.md 1.4)."""

from __future__ import annotations

from collections.abc import Mapping

from gwctl.schema import Record, fields, typedefs
from gwctl.schema.fields import Attributes

_SECONDS: Attributes = {"between": (0, 65535)}
_COUNT: Attributes = {"between": (0, 255)}
_KINDS = ("tcp", "http", "https", "grpc", "grpcs")
_STATUS = fields.integer(between=(100, 999))


class ActiveHealthy(Record):
    interval: float | None = fields.number(_SECONDS, default=0, help="seconds between probes; 0 turns them off")
    http_statuses: tuple[int, ...] | None = fields.array(_STATUS, default=(200, 302))
    successes: int | None = fields.integer(_COUNT, default=0)


class ActiveUnhealthy(Record):
    interval: float | None = fields.number(_SECONDS, default=0, help="seconds between probes; 0 turns them off")
    http_statuses: tuple[int, ...] | None = fields.array(_STATUS, default=(429, 404, 500, 501, 502, 503, 504, 505))
    tcp_failures: int | None = fields.integer(_COUNT, default=0)
    timeouts: int | None = fields.integer(_COUNT, default=0)
    http_failures: int | None = fields.integer(_COUNT, default=0)


class Active(Record):
    """Probes that the data plane sends by itself."""

    type: str | None = fields.string(one_of=_KINDS, default="http")
    timeout: float | None = fields.number(_SECONDS, default=1, help="seconds")
    concurrency: int | None = fields.integer(between=(1, 2147483648), default=10)
    http_path: str | None = fields.string(typedefs.PATH, default="/")
    https_sni: str | None = fields.string(typedefs.SNI)
    https_verify_certificate: bool = fields.boolean(required=True, default=True)
    headers: Mapping[str, tuple[str, ...]] | None = fields.map(fields.string(), fields.array(fields.string()))
    healthy: ActiveHealthy | None = fields.record(ActiveHealthy, default={})
    unhealthy: ActiveUnhealthy | None = fields.record(ActiveUnhealthy, default={})


class PassiveHealthy(Record):
    http_statuses: tuple[int, ...] | None = fields.array(_STATUS, default=(*range(200, 209), 226, *range(300, 309)))
    successes: int | None = fields.integer(_COUNT, default=0)


class PassiveUnhealthy(Record):
    http_statuses: tuple[int, ...] | None = fields.array(_STATUS, default=(429, 500, 503))
    tcp_failures: int | None = fields.integer(_COUNT, default=0)
    timeouts: int | None = fields.integer(_COUNT, default=0)
    http_failures: int | None = fields.integer(_COUNT, default=0)


class Passive(Record):
    """What proxied requests tell about a target."""

    type: str | None = fields.string(one_of=_KINDS, default="http")
    healthy: PassiveHealthy | None = fields.record(PassiveHealthy, default={})
    unhealthy: PassiveUnhealthy | None = fields.record(PassiveUnhealthy, default={})


class Healthchecks(Record):
    """When a target is used and when it is not."""

    threshold: float | None = fields.number(between=(0, 100), default=0, help="percent of weight that must be healthy")
    active: Active | None = fields.record(Active, default={})
    passive: Passive | None = fields.record(Passive, default={})
